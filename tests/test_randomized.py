"""The controls of a map: a copy that never learned anything, and edges that know no network."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from measured_toys import registered
from toys import Convolutional

from advviz import pictures
from advviz.errors import InvalidInputError, UnknownNameError
from advviz.experiments.specs import ExplainSpec
from advviz.models.loading import load_model
from advviz.models.randomized import cascade, random_copy
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
        "tiny14-standard@random-0-from-",
        "tiny14-standard@random-0-from-conv9",
        "tiny14-standard@random-from-layer3",
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


# --- copies that are random from a layer on ---------------------------------------------


def test_a_cascade_begins_at_the_top_and_ends_in_the_copy_that_learned_nothing():
    """What lies before the layer is the trained model's, what lies after it the copy's."""
    stages = cascade(record(TRAINED), 3)
    assert stages[0] == "tiny14-standard@random-3-from-flatten"
    assert stages[-1] == random_copy(TRAINED, 3)
    trained, fresh = (load_model(model).state_dict() for model in (TRAINED, stages[-1]))
    replaced = []
    for model in stages:
        found = load_model(model).state_dict()
        random = {name for name, value in found.items() if not torch.equal(value, trained[name])}
        assert all(torch.equal(found[name], fresh[name]) for name in random)
        replaced.append(random)
    assert replaced[0] == {"fc.weight", "fc.bias"}
    assert all(before < after for before, after in pairwise(replaced))
    assert "layer3.1.bn1.running_var" in replaced[2], "statistics of data go with their layer"
    assert not any(name.startswith("layer2") for name in replaced[2])


def test_the_copies_of_a_cascade_are_different_results():
    found = [record(model) for model in (*cascade(record(TRAINED)), random_copy(TRAINED, 1))]
    assert len({digest(each) for each in found}) == len(found)
    assert "from layer2 on" in record(random_copy(TRAINED, 0, "layer2")).title
    assert random_copy(random_copy(TRAINED, 4, "layer1"), 5) == random_copy(TRAINED, 5)


def test_somebody_elses_module_has_copies_too(monkeypatch):
    """Layers draw their weights; what no layer draws is shuffled."""
    module = Convolutional()
    module.scale = torch.nn.Parameter(torch.arange(6.0))
    described = {"classes": ("a", "b", "c"), "layers": {"conv2": 6, "conv": 5}}
    with registered({"toy": module.float()}, monkeypatch, **described):
        copies = [load_model(random_copy("toy", seed)) for seed in (0, 0, 1)]
        partial = load_model(random_copy("toy", 0, "conv2"))
    first, again, other = (copy.state_dict() for copy in copies)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["conv.weight"], other["conv.weight"])
    assert not torch.equal(first["conv.weight"], module.conv.weight)
    assert first["bn.running_var"].eq(1).all()
    assert sorted(first["scale"].tolist()) == list(range(6)) != first["scale"].tolist()
    assert torch.equal(partial.conv.weight, module.conv.weight)
    assert torch.equal(partial.conv2.weight, first["conv2.weight"])


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
