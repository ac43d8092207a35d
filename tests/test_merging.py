"""Merged passes: what a row is answered depends on neither its company nor its place."""

import pytest
import torch
from toys import convolutional, labels, pictures

from advviz.errors import UnknownNameError
from advviz.models.classifier import Classifier
from advviz.models.loading import load_model
from advviz.models.merging import MergingClassifier
from advviz.objectives import CrossEntropy, Logit, Margin, Unit
from advviz.protocol import Call, Query

FIELDS = ("logits", "values", "gradients")


def merging(**words):
    network = convolutional()
    return MergingClassifier(network, network, **words)


def queries():
    """Return queries of different objectives, lengths and taps, told to nobody in order."""
    first, second, third = pictures(3), pictures(5, seed=1), pictures(2, seed=2)
    return [
        Query(first, CrossEntropy(labels(0, 1, 2))),
        Query(second, Logit(labels(1, 1, 0, 2, 2))),
        Query(third, Unit("conv2", labels(1, 2))),
        Query(third),
        Query(first, Margin(labels(2, 1, 0), False), gradient=False),
        Query(first, Margin(labels(2, 1, 0), False)),
        Query(second, Logit(labels(1, 1, 0, 2, 2)), exact=True),
    ]


@pytest.mark.parametrize("sizes", [(1, 4, 16, 64), (2,), (8,), (3, 16)])
def test_merged_answers_are_those_of_each_query_alone(sizes):
    network = convolutional()
    for query, said in zip(queries(), merging(sizes=sizes).answer_all(queries()), strict=True):
        alone = network.answer(query)
        for name in FIELDS:
            torch.testing.assert_close(
                getattr(said, name), getattr(alone, name), rtol=0, atol=1e-12
            )


@pytest.mark.parametrize("model", ["tiny14-standard"])
def test_a_row_is_the_same_bytes_alone_and_in_company_at_one_padded_size(model):
    """In the float32 of a shipped model, where the order of a sum shows."""
    network = Classifier(load_model(model))
    together = MergingClassifier(network, network, sizes=(8,))
    images = pictures(7, (3, 64, 64)).float()
    asked = [
        Query(images[:1], CrossEntropy(labels(3))),
        Query(images[1:4], Logit(labels(0, 1, 2))),
        Query(images[4:], Margin(labels(5, 6, 7))),
    ]
    for order in (asked, asked[::-1]):
        for query, said in zip(order, together.answer_all(order), strict=True):
            alone = together.answer(query)
            assert all(torch.equal(getattr(said, f), getattr(alone, f)) for f in FIELDS)


def test_open_queries_share_passes_of_the_padded_sizes():
    """Ten rows with one tap: a pass of eight and one of two; nothing else is run."""
    network, rows = convolutional(), []
    forward = network.module.forward
    network.module.forward = lambda x: (rows.append(len(x)), forward(x))[1]
    asked = [Query(pictures(n, seed=n), Logit(labels(*[1] * n))) for n in (1, 2, 3, 4)]
    MergingClassifier(network, network, sizes=(2, 8)).answer_all(asked)
    assert rows == [8, 2]


def test_exact_queries_are_neither_merged_nor_padded():
    exact, fast, rows = convolutional(), convolutional(), []
    forward = exact.module.forward
    exact.module.forward = lambda x: (rows.append(len(x)), forward(x))[1]
    asked = [Query(pictures(n), Logit(labels(*[1] * n)), exact=True) for n in (3, 2)]
    MergingClassifier(exact, fast).answer_all(asked)
    assert rows == [3, 2]


def test_larger_images_share_a_pass_with_fewer():
    network, rows = convolutional(), []
    forward = network.module.forward
    network.module.forward = lambda x: (rows.append(len(x)), forward(x))[1]
    MergingClassifier(network, network).answer(Query(torch.rand(6, 3, 224, 224).double()))
    assert rows == [4, 4]


def test_without_memory_for_company_each_is_answered_alone_and_says_so():
    network = convolutional()
    forward = network.module.forward

    def stingy(images):
        if len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(images)

    network.module.forward = stingy
    asked = [Query(pictures(n, seed=n), Logit(labels(*[1] * n))) for n in (2, 4)]
    said = MergingClassifier(network, network).answer_all(asked)
    assert all(answer.degraded for answer in said)
    plain = convolutional()
    for query, answer in zip(asked, said, strict=True):
        torch.testing.assert_close(answer.gradients, plain.answer(query).gradients)


def test_a_layer_that_is_not_there_is_one_sentence():
    with pytest.raises(UnknownNameError, match="no layer called 'nowhere'"):
        merging().answer(Query(pictures(1), Unit("nowhere", labels(0))))


def test_a_call_gets_the_unmodified_network():
    exact, fast = convolutional(), convolutional()
    assert MergingClassifier(exact, fast).call(Call(lambda m: m)) is exact.module


@pytest.mark.gpu
@pytest.mark.parametrize("model", ["tiny14-standard"])
def test_captured_graphs_say_what_the_network_says(model):
    network = Classifier(load_model(model).cuda())
    graphs, images = MergingClassifier(network, network), pictures(7, (3, 64, 64)).float().cuda()
    for repeat in range(3):
        query = Query(images[repeat:], Logit(labels(*range(7 - repeat)).cuda()))
        said, alone = graphs.answer(query), network.answer(query)
        torch.testing.assert_close(said.logits, alone.logits, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(said.gradients, alone.gradients, rtol=1e-2, atol=1e-4)
