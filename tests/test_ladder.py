"""The ladder below the page: which models are its rungs, what is computed, and the command."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import called, complaint
from ladder_rungs import ROBUST, STANDARD, STRONGER, WEAKER, catalogue_with, rung
from PIL import Image

from advviz import compute, pictures
from advviz.compute import Engine
from advviz.errors import InvalidInputError, UnknownNameError
from advviz.experiments import links
from advviz.experiments.board import BoardSpec
from advviz.experiments.ladder import LadderSpec
from advviz.experiments.specs import AttackSpec, ExplainSpec, VisualizeSpec
from advviz.models import ladders
from advviz.models.records import catalogue, record
from advviz.ui.population import compared

SMALL = LadderSpec(
    image="sample:jeep", target="bus", steps=2, samples=2, explained_image="original"
)


def ids(family: str) -> list[str]:
    return [described.id for described in ladders.rungs(family)]


# --- which models -----------------------------------------------------------------


def test_rungs_are_ordered_by_training_strength(tmp_path: Path):
    added = {"a": rung(STRONGER, 3.0), "b": rung(WEAKER, 0.25)}
    with catalogue_with(tmp_path, **added):
        assert ids("tiny14-l2") == [STANDARD, WEAKER, ROBUST, STRONGER]
        assert ladders.ladder_of(STANDARD, ROBUST) == "tiny14-l2"


def test_norms_and_families_are_ladders_of_their_own(tmp_path: Path):
    """Another norm shares the standard model; another size, or no kin, is a ladder apart."""
    other = {"training_norm": None, "training_eps": 0.0}
    added = {
        "linf": rung("tiny14-linf-4", 4 / 255, training_norm="linf"),
        "zoo0": {"id": "zoo-net18-l2-eps0", **other, "input_size": 224},
        "zoo1": rung("zoo-net18-l2-eps0.03", 0.03, input_size=224),
        "zoo3": rung("zoo-net18-l2-eps3", 3.0, input_size=224),
        "alone": {"id": "somebody", **other},
        "larger": rung("tiny14-l2-5", 5.0, input_size=128),
    }
    with catalogue_with(tmp_path, **added):
        assert ids("tiny14-l2") == [STANDARD, ROBUST]
        assert ids("tiny14-linf") == [STANDARD, "tiny14-linf-4"]
        zoo = ["zoo-net18-l2-eps0", "zoo-net18-l2-eps0.03", "zoo-net18-l2-eps3"]
        assert ids("zoo-net18-l2") == zoo
        assert ids("somebody") == ["somebody"]
        assert ladders.ladder_of(STANDARD, "tiny14-linf-4") == "tiny14-linf"
        assert ladders.ladder_of(STANDARD, "zoo-net18-l2-eps3") == "zoo-net18-l2"
        on_some = {r.id for rungs in ladders.ladders().values() for r in rungs}
        assert on_some == set(catalogue())


def test_a_ladder_that_there_is_not_is_named_with_those_there_are():
    with pytest.raises(UnknownNameError, match="'tiny15-l2'; there are tiny14-l2"):
        ladders.rungs("tiny15-l2")
    with pytest.raises(InvalidInputError, match=f"{STANDARD}, .*{ROBUST}.*; got 'x'"):
        _ = LadderSpec(rung="x").rungs


# --- what is computed -------------------------------------------------------------


def test_the_rung_in_front_comes_first_and_favourites_last(tmp_path: Path):
    added = {"a": rung(STRONGER, 3.0), "b": rung(WEAKER, 0.25)}
    with catalogue_with(tmp_path, **added):
        specs = LadderSpec(rung=WEAKER).specs()
    order = [WEAKER, STANDARD, ROBUST, STRONGER]
    assert [type(s) for s in specs[:3]] == [AttackSpec, ExplainSpec, ExplainSpec]
    assert [s.model for s in specs] == [m for m in order for _ in range(3)] + order
    assert all(isinstance(s, VisualizeSpec) for s in specs[-4:])
    assert len(set(specs)) == 16


@pytest.mark.parametrize("explained_image", ["original", "attacked"])
def test_a_ladder_asks_what_a_board_asks(explained_image: str):
    """So that Compare, the ladder and the shipped results share every answer."""
    board = BoardSpec(
        image="sample:goose", target="any", norm="linf", eps=0.03, restarts=2, seed=3,
        explained_image=explained_image, samples=7, loss="margin", early_stop=True,
    )  # fmt: skip
    spec = LadderSpec.of(board, "tiny14-l2", ROBUST)
    of_the_pair = {s for s in spec.specs() if s.model in (STANDARD, ROBUST)}
    assert of_the_pair == set(board.specs())
    assert spec.on(BoardSpec(robust=STANDARD)) == replace(board, robust=STANDARD)


def test_link_python_and_command_show_the_same_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    engine = Engine(use_shipped=False)
    monkeypatch.setattr(compute, "engine", lambda: engine)
    found: dict[str, object] = {}
    try:
        wanted = [engine.run(s) for s in links.from_link(links.to_link(SMALL)).specs()]
        exec(links.to_python(SMALL), found)
    finally:
        engine.close()
    for one, other in zip(wanted, found["results"], strict=True):
        for name, array in one.arrays.items():
            assert array.tobytes() == other.arrays[name].tobytes(), name

    out = tmp_path / "sheet.png"
    said = json.loads(called(capsys, *links.to_flags(SMALL), "--out", out, "--json"))
    rungs = ladders.rungs(SMALL.family)
    assert [fact["model"] for fact in said["rungs"]] == [each.id for each in rungs]
    assert [fact["training_eps"] for fact in said["rungs"]] == [r.training_eps for r in rungs]
    assert links.from_link(said["link"]) == SMALL
    results = dict(zip(SMALL.specs(), wanted, strict=True))
    with Image.open(out) as image:
        sheet = np.asarray(image)
    for column, model in enumerate(each.id for each in rungs):
        row = SMALL.row(model)
        drawn = [
            pictures.absolute_ink(results[row.gradient].arrays["gradient"]),
            pictures.absolute_ink(results[row.smoothgrad].arrays["gradient"]),
            pictures.photo(results[row.attack].arrays["adversarial"]),
            pictures.photo(results[row.favourite].arrays["picture"]),
        ]
        for line, picture in enumerate(drawn):
            top, left = 8 + 18 + line * (18 + 192 + 18 + 8) + 18, 8 + column * 200
            cell = sheet[top : top + 192, left : left + 192]
            assert (cell == pictures.enlarged(picture, 3)).all(), (model, line)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rung", "nobody"), "rung must be one of the ladder tiny14-l2"),
        (("--family", "nobody"), "no ladder is called 'nobody'"),
        (("--target", "unicorn"), "unicorn"),
    ],
)
def test_what_cannot_be_climbed_is_one_sentence(
    words: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "sheet.png"
    assert said in complaint(capsys, "ladder", "sample:jeep", *words, "--out", out)
    assert not out.exists()


# --- what was measured ------------------------------------------------------------


def measurement(eps: float, robust: float, n: int, restarts: int = 1) -> dict[str, object]:
    share = {"value": robust, "low": robust / 2, "high": 2 * robust}
    attack = {"name": "pgd", "norm": "l2", "eps": eps, "steps": 50, "restarts": restarts}
    return {"n": n, "clean_accuracy": share, "robust_accuracy": share, "attack": attack}


def test_rungs_are_compared_under_one_and_the_same_attack():
    """The nearest strength that most of them were tried with, and never two different attacks."""
    many, few = measurement(1.0, 0.3, 1000), measurement(1.0, 0.4, 200, restarts=5)
    far, near = measurement(3.0, 0.1, 1000), measurement(0.5, 0.2, 1000)
    kept = {
        "a": {"x": many, "y": far, "z": few, "published": {"clean_accuracy": 0.9}},
        "b": {"x": many, "y": far, "near": near},
        "c": {"y": far, "note": "as published"},
    }
    models = [replace(record(ROBUST), id=name, accuracies=held) for name, held in kept.items()]
    assert {s.eps for s in compared(models, "l2", 0.5).values()} == {3.0}
    two = compared(models[:2], "l2", 0.5)
    assert {model: (s.eps, s.robust.n, str(s.robust)) for model, s in two.items()} == {
        "a": (1.0, 1000, "30%"),
        "b": (1.0, 1000, "30%"),
    }
    partly = compared([*models[:2], replace(models[2], accuracies={})], "l2", 0.5)
    assert set(partly) == {"a", "b"}
    assert compared(models, "linf", 0.5) == {}
