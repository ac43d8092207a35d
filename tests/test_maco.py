"""MACO: the magnitude stays, the phase is searched; and the spectrum that it keeps."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close
from toys import Convolutional, built, labels, pictures

from advviz.data import gallery, images
from advviz.data.spectrum import references, spectrum
from advviz.errors import InvalidInputError, UnknownNameError
from advviz.featurevis import maco as module
from advviz.featurevis.maco import MacoParams, cropped, maco, waves
from advviz.models.classifier import Classifier
from advviz.noise import Noise
from advviz.objectives import Unit
from advviz.protocol import run

COUNT = 2


def magnitude(height: int, width: int) -> torch.Tensor:
    """Of a real picture, as photos have it."""
    picture = torch.randn(3, height, width, generator=torch.Generator().manual_seed(5)).double()
    return torch.fft.rfft2(picture - picture.mean((1, 2), keepdim=True)).abs()


def drawn(steps: int = 6, seed: int = 0, like: torch.Tensor | None = None, **words):
    like = pictures(COUNT, (3, 6, 6)) if like is None else like
    params = MacoParams(**{"steps": steps, "crops": 3, **words})
    procedure = maco(
        like, Unit("conv2", labels(*range(len(like)))), magnitude(6, 6), params, noise=Noise(seed)
    )
    return run(procedure, Classifier(built(Convolutional)))


@pytest.mark.parametrize(("height", "width"), [(6, 6), (5, 7), (6, 5), (7, 8)])
def test_the_magnitude_is_that_of_the_photos_whatever_the_phase(height, width):
    """For odd and even sides, at every frequency: also where one is its own mirror image."""
    kept = magnitude(height, width)
    generator = torch.Generator().manual_seed(1)
    for scale in (0.1, 1.0, 20.0):
        phase = scale * torch.randn(COUNT, 3, height, width // 2 + 1, generator=generator)
        found = torch.fft.rfft2(waves(phase.double(), kept, width)).abs()
        assert_close(found, kept.expand_as(found), rtol=0, atol=1e-9)


def test_the_magnitude_is_constant_across_the_steps_of_a_search(monkeypatch):
    """Before anything is scaled and squashed, at every step; and the phase does move."""
    seen = []

    def watched(phase, kept, width):
        found = waves(phase, kept, width)
        seen.append(torch.fft.rfft2(found.detach()))
        return found

    monkeypatch.setattr(module, "waves", watched)
    drawn(steps=8)
    assert len(seen) == 10  # the start, eight steps, the finished picture
    for each in seen:
        assert_close(each.abs(), seen[0].abs(), rtol=0, atol=1e-9)
    assert (seen[-1] - seen[0]).abs().max() > 0.1


def test_it_rises_follows_its_seed_and_says_what_it_asked_for():
    first, again, other = drawn(30), drawn(30), drawn(30, seed=1)
    assert (first.drawn.final_values > first.drawn.values[0]).all()
    assert torch.equal(first.drawn.pictures, again.drawn.pictures)
    assert not torch.equal(first.drawn.pictures, other.drawn.pictures)
    assert first.importance.shape == (COUNT, 6, 6)
    assert (first.importance >= 0).all()
    assert (first.importance.flatten(1).std(dim=1) > 0).all()
    assert first.drawn.pictures.amin((1, 2, 3)).tolist() == [0.0] * COUNT
    assert first.drawn.pictures.amax((1, 2, 3)).tolist() == [1.0] * COUNT


def test_a_picture_does_not_depend_on_those_beside_it():
    like = pictures(COUNT, (3, 6, 6))
    together = drawn(5)
    alone = drawn(5, like=like[:1])
    assert_close(alone.drawn.pictures[0], together.drawn.pictures[0], rtol=0, atol=1e-9)


def test_crops_shrink_and_without_noise_the_first_is_the_whole_picture():
    like = pictures(1, (3, 6, 6))
    streams = Noise(0).streams(like)
    whole = MacoParams(steps=2, crops=1, largest=2.0, smallest=0.1, noise=0.0)
    assert_close(cropped(like, whole, streams, 0), like, rtol=0, atol=1e-9)
    last = cropped(like, whole, streams, 1)
    assert last.std((2, 3)).max() < 0.5 * like.std((2, 3)).min()


@pytest.mark.parametrize(
    "words", [{"steps": 0}, {"crops": 0}, {"learning_rate": -1.0}, {"noise": float("nan")}]
)
def test_it_refuses_what_draws_nothing(words):
    (name,) = words
    with pytest.raises(InvalidInputError, match=f"{name} must be"):
        MacoParams(**words)


def test_a_spectrum_of_another_size_is_refused():
    like = pictures(1, (3, 4, 4))
    with pytest.raises(InvalidInputError, match=r"must be \[3, 4, 3\], got \[3, 6, 4\]"):
        run(
            maco(like, Unit("conv2", labels(0)), magnitude(6, 6), MacoParams(), noise=Noise(0)),
            Classifier(built(Convolutional)),
        )


def test_a_spectrum_is_the_mean_of_its_pictures_and_named_by_its_numbers():
    both = spectrum("sample:chelsea,sample:coffee", 16)
    one, other = (spectrum(f"sample:{name}", 16) for name in ("chelsea", "coffee"))
    assert np.allclose(both.magnitude, (one.magnitude + other.magnitude) / 2, rtol=1e-5)
    assert both.magnitude.shape == (3, 16, 9)
    assert np.allclose(both.magnitude[:, 0, 0], 0, atol=1e-4)  # no mean colour
    assert both.digest == images.digest(both.magnitude)
    assert len({both.digest, one.digest, other.digest}) == 3


def test_the_gallery_s_spectrum_is_of_photos_that_have_the_pixels():
    assert references("gallery", 64) == [f"sample:{each.id}" for each in gallery.samples(64)]
    for words, error in (("", InvalidInputError), ("sample:nobody", UnknownNameError)):
        with pytest.raises(error):
            spectrum(words, 16)
