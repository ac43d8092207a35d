"""Simple defences: what each does to a picture, and that the classifier is asked about that."""

import numpy as np
import pytest
import torch
from attack_toys import asked
from toys import Listening, convolutional, pictures

from advviz.attacks.defences import CHANGES, NAMES, NOISES, NOTHING, defended
from advviz.noise import Noise
from advviz.pictures import defences
from advviz.protocol import run

PICTURE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
FLAT = np.full((32, 32, 3), 96, np.uint8)


@pytest.mark.parametrize("name", CHANGES)
def test_a_defence_keeps_the_shape_and_leaves_the_picture_given_alone(name):
    before = PICTURE.copy()
    after = CHANGES[name](PICTURE)
    assert (after.shape, after.dtype) == (PICTURE.shape, np.uint8)
    assert np.array_equal(before, PICTURE)
    assert np.array_equal(after, before) == (name == NOTHING)


@pytest.mark.parametrize("bits", [1, 3, 4, 5])
def test_fewer_bits_are_fewer_levels_and_black_and_white_stay(bits):
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 256, 1).repeat(3, 2)
    found = defences.fewer_levels(ramp, bits)
    assert len(np.unique(found)) == 2**bits
    assert (found.min(), found.max()) == (0, 255)
    assert np.abs(found.astype(int) - ramp).max() <= 255 / (2**bits - 1) / 2 + 1


def test_a_flat_picture_survives_blur_and_another_size():
    for change in (lambda p: defences.blurred(p, 2), lambda p: defences.resized(p, 0.5)):
        assert np.array_equal(change(FLAT), FLAT)


def test_a_stronger_defence_changes_more():
    def moved(change):
        return float(np.abs(change(PICTURE).astype(int) - PICTURE).mean())

    assert moved(lambda p: defences.jpeg(p, 25)) > moved(lambda p: defences.jpeg(p, 90)) > 0
    assert moved(lambda p: defences.blurred(p, 2)) > moved(lambda p: defences.blurred(p, 0.5)) > 0


def test_the_classifier_is_asked_about_exactly_the_pictures_that_are_shown():
    images = pictures(2, (3, 8, 8))
    network = Listening(convolutional())
    found = run(defended(images, noise=Noise(0)), network)
    assert found.pictures.shape == (2, len(NAMES), 8, 8, 3)
    shown = found.pictures.permute(0, 1, 4, 2, 3).double() / 255
    for row in range(2):
        torch.testing.assert_close(found.logits[row], run(asked(shown[row]), network))
    assert all(q.exact for q in network.queries[:2])
    as_saved = (images * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    assert torch.equal(found.pictures[:, 0], as_saved)


def test_the_noise_is_as_strong_as_it_is_called_and_drawn_from_the_seed():
    grey = torch.full((1, 3, 64, 64), 0.5, dtype=torch.float64)
    found = run(defended(grey, noise=Noise(0)), convolutional()).pictures[0].double()
    other = run(defended(grey, noise=Noise(1)), convolutional()).pictures[0].double()
    for place, sigma in enumerate(NOISES.values(), start=len(CHANGES)):
        assert float(found[place].std()) == pytest.approx(sigma, rel=0.03)
        assert not torch.equal(found[place], other[place])
    assert torch.equal(found[: len(CHANGES)], other[: len(CHANGES)])
