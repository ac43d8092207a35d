"""The controls of a map: a copy that never learned anything, and edges that know no network."""

import numpy as np
import pytest
import torch

from advviz import pictures
from advviz.errors import InvalidInputError, UnknownNameError
from advviz.experiments.specs import ExplainSpec
from advviz.models.loading import load_model
from advviz.models.randomized import random_copy
from advviz.models.records import record
from advviz.models.shelf import digest, is_on_disk
from advviz.ui.lessons.map_figures import rank_correlation

TRAINED = "tiny14-standard"


def weights(model: str) -> torch.Tensor:
    return torch.cat([p.flatten() for p in load_model(model).parameters() if p.dim() > 1])


def test_a_copy_has_the_architecture_and_weights_of_its_seed_alone():
    before = torch.random.get_rng_state()
    first, again, other = (weights(random_copy(TRAINED, seed)) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first, again)
    assert first.shape == other.shape == weights(TRAINED).shape
    assert not torch.allclose(first, other)
    assert abs(float(torch.corrcoef(torch.stack([first, weights(TRAINED)]))[0, 1])) < 0.5


def test_a_copy_says_that_it_was_never_trained():
    found, trained = record(random_copy(TRAINED, 3)), record(TRAINED)
    assert found.id == "tiny14-standard@random-3"
    assert "random weights" in found.title
    assert not found.accuracies
    assert not record(random_copy("tiny14-robust-l2", 0)).is_robust
    assert found.classes == trained.classes
    assert is_on_disk(found)
    assert len({digest(found), digest(trained), digest(record(random_copy(TRAINED, 4)))}) == 3


@pytest.mark.parametrize(
    "name",
    [
        "nobody@random-0",
        "tiny14-standard@random-",
        "tiny14-standard@random--1",
        "tiny14-standard@random-01",
        "tiny14-standard@random-1000",
        "tiny14-standard@random-0@random-0",
    ],
)
def test_a_copy_that_there_is_not(name: str):
    with pytest.raises(UnknownNameError):
        record(name)


def test_maps_of_a_copy_are_another_result():
    specs = [
        ExplainSpec(model=model, image="sample:goose", explained="bird")
        for model in (TRAINED, random_copy(TRAINED))
    ]
    assert specs[0].resolved() == specs[1].resolved()
    assert len({digest(record(spec.model)) for spec in specs}) == 2


# --- edges ----------------------------------------------------------------------------


def test_an_even_slope_is_as_steep_everywhere():
    """Of brightness that rises by a per pixel, inside of the frame."""
    slope = np.linspace(0, 1, 33)
    image = np.broadcast_to(slope, (3, 20, 33))
    found = pictures.sobel(image)
    assert found.shape == (1, 20, 33)
    np.testing.assert_allclose(found[0, :, 1:-1], slope[1], atol=1e-12)
    np.testing.assert_allclose(pictures.sobel(image.transpose(0, 2, 1))[0], found[0].T, atol=1e-12)


def test_a_picture_of_one_colour_has_no_edges():
    assert not pictures.sobel(np.full((3, 8, 8), 0.3)).any()
    with pytest.raises(InvalidInputError):
        pictures.sobel(np.zeros((1, 8, 8)))


def test_rank_correlation_is_of_the_order_alone():
    rng = np.random.default_rng(0)
    amount = rng.random((1, 16, 16)) + 0.1
    assert rank_correlation(amount, amount**3) == pytest.approx(1)
    assert rank_correlation(amount, -(amount**3)) == pytest.approx(1), "of amounts, not signs"
    assert rank_correlation(amount, 1 / amount) == pytest.approx(-1)
    assert abs(rank_correlation(amount, rng.random((3, 16, 16)))) < 0.2
    assert rank_correlation(amount, np.ones((1, 16, 16))) == 0
