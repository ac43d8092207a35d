"""Is it still the same map: the experiment, its verdicts, its command."""

import json
from dataclasses import replace

import numpy as np
import pytest
from command_line import called, complaint

from advviz.evaluation.alike import MARGIN, SENTENCES, Held, Range, ends, figure, held
from advviz.experiments import links
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.references import RESULT, true_class
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec, VisualizeSpec
from advviz.models.records import record

MODEL = "cifar10-standard"  # 32 pixels: the quickest
ATTACK = AttackSpec(model=MODEL, image="sample:treefrog", target="ship", eps=0.5, steps=2)
SPEC = AlikeSpec(model=MODEL, image=RESULT + links.to_link(ATTACK))
NONE = Range(np.nan, np.nan)


@pytest.mark.parametrize(
    ("value", "noisy", "photos", "random", "verdict"),
    [
        (0.90, (0.85, 0.95), (0.1, 0.3), (-0.2, 0.2), "noise"),
        (0.85 - MARGIN / 2, (0.85, 0.95), (0.1, 0.3), (-0.2, 0.2), "noise"),
        (0.70, (0.85, 0.95), (0.1, 0.3), (-0.2, 0.2), "changed"),
        (0.25, (0.85, 0.95), (0.1, 0.3), (-0.2, 0.2), "photos"),
        (0.15, (0.85, 0.95), (0.1, 0.3), (-0.2, 0.2), "chance"),
        (0.25, (0.28, 0.29), (0.1, 0.3), (-0.2, 0.2), "restless"),
        (np.nan, (0.85, 0.95), (0.1, 0.3), (-0.2, 0.2), "undefined"),
        (0.70, (np.nan, np.nan), (np.nan, np.nan), (-0.2, 0.2), "changed"),
    ],
)
def test_a_verdict_follows_from_what_the_figure_is_held_against(
    value, noisy, photos, random, verdict
):
    found = Held(value, Range(*noisy), Range(*photos), Range(*random), None)
    assert found.verdict == verdict
    assert verdict in SENTENCES


def test_figures_that_are_not_defined_are_left_out_and_written_as_a_dash():
    """One photo of three gives a constant map; without any, there is a dash and no range."""
    rows = np.array([[0.1] * 4, [np.nan] * 4, [0.3] * 4])
    arrays = {"pairs": rows[[0, 1, 0, 0]], "noisy": rows, "photos": rows[1:2]}
    result = Result.of(arrays | {"random": np.stack([rows, rows])}, {})
    first, second = held(result, 0), held(result, 1)
    assert (first.noisy, first.seeds) == (Range(0.1, 0.3), None)
    assert second.verdict == "undefined"
    assert (ends(first.noisy), ends(first.photos)) == ("0.10 … 0.30", "–")
    assert (figure(-0.5), figure(-0.001), figure(None)) == ("−0.50", "0.00", "–")


def test_other_photos_are_of_classes_that_nothing_is_about():
    """Neither the picture's, nor the target's; and one of each class."""
    described = record(MODEL)
    shown = [true_class(ref, described) for ref in replace(SPEC, beside=10).photos(described)]
    named = [name for name in shown if name is not None]
    assert len(SPEC.photos(described)) == 3
    assert {"frog", "ship"}.isdisjoint(named)
    assert len(set(named)) == len(named) > 3


def test_what_changes_the_figures_changes_the_key():
    """And the seed does even of a method without: the random maps are drawn."""
    one = SPEC.resolved()
    for change in ({"seed": 1}, {"top_share": 0.2}, {"second": "cat"}, {"beside": 1}):
        assert replace(SPEC, **change).resolved() != one, change
    assert not SPEC.draws_numbers
    assert replace(SPEC, method="smoothgrad").draws_numbers


def test_what_cannot_be_compared_is_refused(capsys):
    """A photo, a drawing, one class twice."""
    said = complaint(capsys, "alike", "sample:treefrog", "--model", MODEL)
    assert "result:LINK of an attack" in said
    drawing = RESULT + links.to_link(VisualizeSpec(model=MODEL, unit="class:ship"))
    assert "result:LINK" in complaint(capsys, "alike", drawing, "--model", MODEL)
    twice = ("alike", SPEC.image, "--model", MODEL, "--second", "frog")
    assert "got frog for both" in complaint(capsys, *twice)


def test_the_command_prints_every_figure_beside_what_it_is_held_against(capsys, tmp_path):
    """For the class that is shown and the target, with words for each."""
    words = ("alike", SPEC.image, "--model", MODEL, "--beside", 2, "--random-maps", 10)
    file = tmp_path / "maps.npz"
    found = json.loads(called(capsys, *words, "--npz", file, "--json"))
    assert found["classes"] == ["frog", "ship"]
    assert list(found["verdicts"]) == ["frog", "ship"]
    assert {len(rows) for rows in found["held_against"].values()} == {2, 10}
    assert -1 <= found["alike"]["frog: before and after"]["rank"] <= 1
    assert links.from_link(found["link"]).beside == 2
    with np.load(file) as arrays:
        assert arrays["maps"].shape == (2, 2, 3, 32, 32)
        assert arrays["pairs"][0, 0] == found["alike"]["frog: before and after"]["rank"]
    untargeted = replace(ATTACK, target="any", eps=0.0)
    image = RESULT + links.to_link(untargeted)
    same = json.loads(called(capsys, "alike", image, *words[2:], "--json"))
    assert same["alike"]["frog: before and after"]["rank"] == pytest.approx(1)
    assert same["classes"][1] != "frog"
