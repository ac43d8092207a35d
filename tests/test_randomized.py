"""The controls of a map: a copy that never learned anything, and edges that know no network."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from fake_engine import FakeEngine
from measured_toys import registered
from streamlit.testing.v1 import AppTest
from toys import Convolutional

from advviz import pictures, resources
from advviz.errors import InvalidInputError, UnknownNameError
from advviz.experiments import presets
from advviz.experiments.specs import ExplainSpec
from advviz.models.loading import load_model
from advviz.models.randomized import cascade, random_copy
from advviz.models.records import catalogue, record
from advviz.models.shelf import digest, is_on_disk
from advviz.pictures import rank_correlation
from advviz.ui import setup as setups
from advviz.ui import state, untrained
from advviz.ui.preset_cards import link

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


# --- beside the maps of trained networks ---------------------------------------------


@pytest.fixture
def saliency(monkeypatch):
    """The page of the preset, with the engine that it asks."""
    engine = FakeEngine()
    monkeypatch.setattr(state, "engine", lambda: engine)
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=90)
    at.switch_page(str(resources.pages() / "saliency.py"))
    for name, value in link(presets.offered()["what-moves"]).items():
        at.query_params[name] = value
    at.run()
    assert not at.exception, at.exception
    return at, engine


def rows(at) -> list[str]:
    (board,) = (e.proto.body for e in at.get("html") if '<div class="av-board"' in e.proto.body)
    return board.split('<section class="av-row ')[1:]


def test_the_preset_shows_random_weights_beside_both_networks(saliency):
    at, engine = saliency
    assert [row.partition('"')[0] for row in rows(at)] == [
        "av-standard", "av-robust", "av-untrained",
    ]  # fmt: skip
    copy = random_copy(presets.STANDARD)
    asked = [spec for spec in engine.asked if isinstance(spec, ExplainSpec)]
    of = {model: [replace(s, model="") for s in asked if s.model == model]
          for model in (presets.STANDARD, copy)}  # fmt: skip
    assert of[copy] == of[presets.STANDARD], "the very same questions about the same pictures"
    assert not [spec for spec in engine.attacks() if spec.model == copy]
    last = rows(at)[-1]
    assert last.count("<img") == 6
    # The made-up maps are all in one order.
    assert last.count("like ○ 1.00 · ● 1.00") == 2
    assert last.count("like ○ 1.00") == 4, "the attacked picture is that of the standard one"


def test_try_next_offers_random_weights_until_they_are_there(saliency):
    at, _ = saliency
    (toggle,) = (t for t in at.toggle if t.label == "Random weights beside")
    at = toggle.set_value(False).run()
    assert len(rows(at)) == 2
    (card,) = (b for b in at.button if b.label.startswith("**Random weights beside**"))
    at = card.click().run()
    assert len(rows(at)) == 3
    assert not [b for b in at.button if b.label.startswith("**Random weights beside**")]


def test_networks_of_other_architectures_have_copies_of_their_own():
    shown = setups.default().with_view(untrained=True)
    assert list(untrained.copies(shown).values()) == [[presets.STANDARD, presets.ROBUST]]
    assert untrained.copies(setups.default()) == {}
    other = next(m for m in ("cifar10-standard", "cifar10-robust-l2") if m in catalogue())
    mixed = replace(shown, board=replace(shown.board, robust=other))
    assert list(untrained.copies(mixed).values()) == [[presets.STANDARD], [other]]
    twice = replace(shown, board=replace(shown.board, robust=random_copy(TRAINED)))
    assert list(untrained.copies(twice).values()) == [[presets.STANDARD]]


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
