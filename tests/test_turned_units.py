"""Which units an attack turned on and off: known changes of known units, and the command."""

import json

import pytest
import torch
from command_line import called, complaint, names
from torch import nn
from torch.testing import assert_close
from toys import normal, pictures

from advviz.errors import InvalidInputError
from advviz.experiments import links
from advviz.experiments.references import RESULT
from advviz.experiments.specs import AttackSpec
from advviz.experiments.turned_units import UnitsSpec
from advviz.explain.before_after import noisy_copies
from advviz.featurevis.responses import responses
from advviz.featurevis.turned_units import QUIET, strongest_changes, turned_units
from advviz.models.classifier import Classifier
from advviz.noise import Noise
from advviz.protocol import run

SHAPE = (3, 8, 8)
MODEL = "cifar10-standard"  # 32 pixels: the quickest
ATTACK = AttackSpec(model=MODEL, image="sample:treefrog", target="ship", eps=1.0, steps=3)
IMAGE = RESULT + links.to_link(ATTACK)


class Channels(nn.Module):
    """Four units: red, green, ten times blue plus 100, and one that says nothing."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1).double()
        with torch.no_grad():
            weight = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 10], [0, 0, 0]])
            self.conv.weight.copy_(weight[:, :, None, None])
            self.conv.bias.copy_(torch.tensor([0.0, 0, 100, 7]))

    def forward(self, images):
        return self.conv(images).mean((2, 3))


def found(change, *, draws=4):
    with torch.random.fork_rng(devices=[]):
        network = Classifier(Channels())
    samples = pictures(6, SHAPE, seed=3)
    seen = run(responses(samples, "conv"), network).means
    clean = 0.5 + 0.01 * normal(1, *SHAPE)
    attacked = clean + torch.tensor(change)[None, :, None, None].double()
    copies = noisy_copies(clean, attacked, draws, Noise(0))
    turned = run(turned_units(clean, attacked, copies, seen, "conv"), network)
    return samples, turned


def test_a_change_counts_by_the_units_own_spread():
    """Red is raised by 0.1, blue lowered by 0.1: ten times as much in its unit, and no more."""
    samples, turned = found([0.1, 0.0, -0.1])
    spread = samples.mean((2, 3)).std(0)
    assert_close(turned.scores[0], 0.1 / spread[0])
    assert_close(turned.scores[2], -0.1 / spread[2])
    assert_close(turned.after[2] - turned.before[2], torch.tensor(-1.0).double())
    assert_close(turned.mean[2], 100 + 10 * samples[:, 2].mean())
    on, off = strongest_changes(turned.scores, 3)
    assert on[0] == 0
    assert off[0] == 2
    assert 3 not in on + off


def test_a_unit_that_says_nothing_of_other_pictures_has_no_score():
    """Divided by a spread of zero it would be the first of all."""
    _, turned = found([0.1, 0.1, 0.1])
    assert turned.scores.isnan().tolist() == [False, False, False, True]
    assert turned.noisy.isnan().tolist() == [[False, False, False, True]] * 4
    assert turned.spread[3] <= QUIET * turned.spread.median()


def test_noise_of_the_same_length_moves_means_far_less():
    """It averages out over the positions; the attack does not."""
    _, turned = found([0.1, 0.1, 0.1], draws=20)
    assert (turned.noisy.abs().amax(0) < 0.5 * turned.scores.abs())[:3].all()


def test_where_nothing_moved_nothing_is_listed():
    """No unit is on or off for want of another."""
    _, turned = found([0.0, 0.0, 0.0])
    assert strongest_changes(turned.scores, 4) == ([], [])
    assert strongest_changes(torch.tensor([2.0, -1.0, torch.nan, 3.0]), 5) == ([3, 0], [1])


def test_too_few_samples_are_refused():
    """And so are those of another layer."""
    image = pictures(1, SHAPE)
    with pytest.raises(InvalidInputError, match="at least two"):
        run(turned_units(image, image, image, torch.ones(1, 4), "conv"), None)
    with pytest.raises(InvalidInputError, match="4 units, got answers of 5"):
        run(
            turned_units(image, image, image, torch.ones(2, 5), "conv"),
            Classifier(Channels()),
        )


def test_the_command_lists_units_with_their_activations_and_sample_pictures(capsys, tmp_path):
    """Sorted by the score, which is the change over the spread."""
    sheet, words = tmp_path / "units.png", ("units", IMAGE, "--model", MODEL, "--top", 3)
    said = json.loads(called(capsys, *words, "--draws", 2, "--out", sheet, "--json"))
    assert [len(said[way]) for way in ("on", "off")] == [3, 3]
    scores = [each["score"] for each in said["on"]]
    assert scores == sorted(scores, reverse=True)
    for each in said["on"] + said["off"]:
        change = (each["after"] - each["before"]) / each["spread"]
        assert each["score"] == pytest.approx(change, rel=1e-6)
        assert len(each["strongest"]) == 5
    assert said["layer"] == "flatten"
    assert said["before"]["label"] == "frog"
    assert links.from_link(said["link"]) == UnitsSpec(model=MODEL, image=IMAGE, top=3, draws=2)
    assert names(tmp_path) == ["units.png"]
    assert "result:LINK" in complaint(capsys, "units", "sample:treefrog", "--model", MODEL)
