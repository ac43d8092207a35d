"""Random numbers that depend on the image and the seed, and on nothing else."""

import random

import numpy as np
import pytest
import torch
from toys import central, pictures

from advviz.noise import Noise, image_digest

DRAWS = [("normal", "start", 0), ("uniform", "start", 0), ("normal", "smoothgrad", 7)]


def draw(streams, method, purpose, number):
    return getattr(streams, method)(purpose, number)


@pytest.mark.parametrize("drawn", DRAWS)
def test_a_rows_numbers_do_not_depend_on_its_batch(drawn):
    """Alone, in another place, among others: the same."""
    images = pictures(5)
    together = draw(Noise(1).streams(images), *drawn)
    reverse = draw(Noise(1).streams(images.flip(0)), *drawn).flip(0)
    alone = torch.cat([draw(Noise(1).streams(image[None]), *drawn) for image in images])
    assert torch.equal(together, reverse)
    assert torch.equal(together, alone)


@pytest.mark.parametrize("method", ["normal", "uniform"])
def test_every_part_of_the_key_matters(method):
    """Seed, image, purpose, restart and draw each give other numbers."""
    image, other = pictures(1), pictures(1, seed=1)
    seen = [
        draw(Noise(seed).streams(x, restart), method, purpose, number)
        for seed, x, restart, purpose, number in [
            (0, image, 0, "a", 0),
            (1, image, 0, "a", 0),
            (0, other, 0, "a", 0),
            (0, image, 1, "a", 0),
            (0, image, 0, "b", 0),
            (0, image, 0, "a", 1),
        ]
    ]
    assert len({tuple(numbers.flatten().tolist()) for numbers in seen}) == len(seen)


def test_a_draw_is_named_so_its_order_does_not_matter():
    """Drawing something else before changes nothing."""
    images = pictures(2)
    first, second = Noise(0).streams(images), Noise(0).streams(images)
    second.normal("something else")
    second.uniform("start", 3)
    assert torch.equal(first.normal("start"), second.normal("start"))


def test_the_key_is_of_pixels_not_of_memory():
    """Views, memory formats and precision of float32 pixels are one image."""
    images = pictures(2).float()
    kinds = [images.to(memory_format=torch.channels_last), images.double(), images.clone()]
    digests = [image_digest(image) for image in images]
    assert len(set(digests)) == 2
    for kind in kinds:
        assert [image_digest(image) for image in kind] == digests
    assert image_digest(images[0].view(3, 2, 8)) != digests[0], "the shape is part of it"


def test_numbers_are_of_the_images_type_and_shape():
    """Normal rows are image-shaped, uniform ones broadcast over the image."""
    for images in (pictures(3), pictures(3).float()):
        streams = Noise(0).streams(images)
        assert streams.normal("x").shape == images.shape
        assert streams.normal("x").dtype == images.dtype
        assert streams.uniform("x").shape == (3, 1, 1, 1)
        assert streams.uniform("x").dtype == images.dtype


def test_the_moments_are_right():
    """Normal: mean 0, variance 1, fourth moment 3. Uniform: mean ½, variance 1/12, in [0, 1)."""
    images = central(1500)
    streams = Noise(0).streams(images)
    normal, uniform = streams.normal("x").flatten(), streams.uniform("x").flatten()
    count = normal.numel()
    assert abs(float(normal.mean())) < 5 / count**0.5
    assert abs(float((normal**2).mean()) - 1) < 5 * (2 / count) ** 0.5
    assert abs(float((normal**4).mean()) - 3) < 5 * (96 / count) ** 0.5
    assert abs(float(uniform.mean()) - 0.5) < 5 * (1 / 12 / len(uniform)) ** 0.5
    assert abs(float(uniform.var()) - 1 / 12) < 5 * (1 / 180 / len(uniform)) ** 0.5
    assert 0 <= float(uniform.min()) < float(uniform.max()) < 1


@pytest.mark.parametrize("seed", [-1, 0, 2**31 - 1, 2**80])
def test_any_integer_is_a_seed(seed):
    """Also ones that no generator would take."""
    assert Noise(seed).streams(pictures(1)).normal("x").isfinite().all()


def test_global_generators_are_neither_used_nor_moved():
    """Other people's numbers stay theirs."""
    images = pictures(2)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    first = Noise(0).streams(images).normal("x")
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert random.getstate() == before[2]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(123)
        assert torch.equal(Noise(0).streams(images).normal("x"), first)
