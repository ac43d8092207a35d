"""When memory runs out, passes get smaller; nothing else changes, and it is said."""

import pytest
import torch
from toys import convolutional, labels, pictures

from advviz.errors import OutOfMemoryError
from advviz.models.memory import rows_per_pass
from advviz.objectives import away_from
from advviz.protocol import Query

LACKS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
]


def limited(rows, error=LACKS[0]):
    """Return a toy network that cannot hold more than some rows, and what it was asked."""
    network, asked = convolutional(), []
    forward = network.module.forward

    def stingy(images):
        asked.append(len(images))
        if len(images) > rows:
            raise error
        return forward(images)

    network.module.forward = stingy
    return network, asked


def query(count):
    images = pictures(count)
    return Query(images, away_from(labels(*(i % 3 for i in range(count)))))


@pytest.mark.parametrize("error", LACKS, ids=lambda e: type(e).__name__)
def test_passes_are_halved_until_memory_suffices(error):
    network, asked = limited(3, error)
    said, whole = network.answer(query(10)), convolutional().answer(query(10))
    assert asked == [10, 5, 2, 2, 2, 2, 2]
    for name in ("logits", "values", "gradients"):
        torch.testing.assert_close(getattr(said, name), getattr(whole, name), rtol=0, atol=1e-12)


def test_a_smaller_pass_is_marked_and_the_usual_one_is_not():
    network, _ = limited(3)
    assert network.answer(query(10)).degraded
    assert not network.answer(query(2)).degraded, "it is cut as ever"
    assert not convolutional().answer(query(10)).degraded


def test_the_limit_is_remembered():
    network, asked = limited(3)
    network.answer(query(10))
    asked.clear()
    assert network.answer(query(4)).degraded
    assert asked == [2, 2]


def test_one_row_that_does_not_fit_is_one_sentence():
    network, asked = limited(0)
    with pytest.raises(OutOfMemoryError, match=r"does not suffice for one image of 4×4 pixels"):
        network.answer(query(4))
    assert asked == [4, 2, 1]


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    network, asked = limited(0, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="mat1"):
        network.answer(query(4))
    assert asked == [4]


def test_larger_images_share_a_pass_with_fewer():
    assert rows_per_pass(torch.empty(1, 3, 64, 64)) == 32
    assert rows_per_pass(torch.empty(1, 3, 224, 224)) == 8
    assert rows_per_pass(torch.empty(1, 3, 512, 512)) == 1
