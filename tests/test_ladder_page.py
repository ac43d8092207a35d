"""The page of the ladder with a fake engine: what is asked, what is shown, what the link holds."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from ladder_rungs import ROBUST, STANDARD, STRONGER, WEAKER, catalogue_with, rung
from streamlit.testing.v1 import AppTest
from test_pages import link_of, opened, told

from advviz import resources
from advviz.compute import Engine, Job, State
from advviz.errors import AdvvizError
from advviz.experiments.ladder import LadderSpec
from advviz.experiments.links import to_link, to_query
from advviz.experiments.protocol import Spec
from advviz.experiments.specs import VisualizeSpec
from advviz.models.records import record
from advviz.ui import permalinks, price, state
from advviz.ui import setup as setups

ALL = [STANDARD, WEAKER, ROBUST, STRONGER]


class OneRungMissing(FakeEngine):
    """Cannot load the weights of one model."""

    broken = WEAKER
    sentence = "the weights are damaged; reinstall advviz"

    def submit(self, spec: Spec) -> Job:
        if spec.model == self.broken:
            return Job(spec, "", State.FAILED, error=self.sentence)
        return super().submit(spec)


@pytest.fixture
def four(tmp_path: Path) -> Iterator[Path]:
    """Four rungs: two more than are bundled."""
    added = {
        "a": rung(WEAKER, 0.25),
        "b": rung(STRONGER, 3.0, accuracies={}),
        "alone": {"id": "somebody", "training_norm": None, "training_eps": 0.0},
        "zoo0": {"id": "zoo-standard", "training_norm": None, "training_eps": 0.0},
        "zoo1": rung("zoo-l2-1", 1.0, classes=["wolf", "dog", "cat", *map(str, range(11))]),
    }
    added["zoo0"]["classes"] = added["zoo1"]["classes"]
    with catalogue_with(tmp_path, **added) as models:
        yield models


def sides(at: AppTest) -> list[int]:
    """The sides of the places in the first row, in CSS pixels."""
    return [int(side) for side in re.findall(r"--av-side:(\d+)px", told(at))][: len(ALL)]


@pytest.mark.usefixtures("four")
def test_every_rung_is_shown_in_order_and_the_one_in_front_large(engine: FakeEngine):
    at = opened("ladder.py")
    shown = told(at)
    assert sides(at) == [128, 128, 192, 128]
    heads = re.findall(r'<div class="av-rung [^"]*"[^>]*>([^<]*)<', shown)
    assert heads == ["○ standard", "● L2 0.25", "● L2 1.5", "● L2 3.0"]
    depths = re.findall(r"--av-depth:(\d+)%", shown)
    assert depths == ["100", "33", "67", "100"]
    assert set(engine.asked) == set(setups.default().ladder.specs())
    assert engine.asked[0].model == ROBUST
    assert all(isinstance(spec, VisualizeSpec) for spec in engine.asked[-4:])


@pytest.mark.usefixtures("four")
def test_climbing_asks_the_new_rung_first_and_keeps_the_rest_of_the_set_up(engine: FakeEngine):
    at = opened("ladder.py")
    before = set(engine.asked)
    engine.asked.clear()
    at.select_slider(key="av.rung").set_value(WEAKER).run()
    assert engine.asked[0].model == WEAKER
    assert set(engine.asked) == before
    assert sides(at) == [128, 192, 128, 128]
    assert "trained against L2 0.25" in told(at)
    assert link_of(at)["rung"] == WEAKER
    again = opened("ladder.py", **link_of(at))
    assert again.select_slider(key="av.rung").value == WEAKER
    at.switch_page(str(resources.pages() / "compare.py")).run()
    assert not at.exception
    assert {s.model for s in engine.attacks()[-2:]} == {STANDARD, ROBUST}


@pytest.mark.usefixtures("four", "engine")
def test_verdicts_and_strengths_stand_under_the_pictures():
    at = opened("ladder.py")
    shown = told(at)
    assert shown.count("✗ goldfish") == 1
    assert shown.count("✓ dog") == 3
    assert "✓ Held against this attack" in shown
    assert shown.count("<figcaption>×0.12</figcaption>") == 6
    assert shown.count("<figcaption>×1</figcaption>") == 2
    assert shown.count("<img") == 4 * 4 + 1  # and the source photo


@pytest.mark.usefixtures("four")
def test_a_rung_that_fails_is_one_sentence_and_the_others_are_shown(
    monkeypatch: pytest.MonkeyPatch,
):
    fake = OneRungMissing()
    monkeypatch.setattr(state, "engine", lambda: fake)
    at = opened("ladder.py")
    assert [error.value for error in at.error] == [OneRungMissing.sentence]
    shown = told(at)
    assert shown.count("could not be made") == 4
    assert shown.count("<img") == 3 * 4 + 1


def test_damaged_weights_of_one_rung_leave_the_others_standing(
    four: Path, monkeypatch: pytest.MonkeyPatch
):
    """The real engine, the real files, one bit flipped."""
    path = four / f"{STANDARD}.safetensors"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    real = Engine(use_shipped=False)
    monkeypatch.setattr(state, "engine", lambda: real)
    spec = LadderSpec(image="sample:jeep", target="bus", steps=2, samples=2, rung=STANDARD)
    try:
        for one in spec.specs():  # before the page, whose run may last a minute at most
            with suppress(AdvvizError):
                real.run(one)
        at = opened("ladder.py", **to_query(spec))
    finally:
        real.close()
    (error,) = at.error
    assert r"damaged\: its sha256 should begin" in error.value
    shown = told(at)
    assert shown.count("<img") == 3 * 4 + 1
    assert shown.count("could not be made") == 4 + 1  # and the strip of the rung in front
    assert sides(at) == [192, 128, 128, 128]


@pytest.mark.usefixtures("four", "engine")
def test_a_ladder_of_one_rung_is_shown_and_says_so():
    at = opened("ladder.py", **to_query(LadderSpec(family="somebody", rung="somebody")))
    assert not at.warning
    assert len(at.info) == 1
    assert "one rung" in at.info[0].value
    assert not [s for s in at.select_slider if s.key == "av.rung"]
    assert told(at).count("<img") == 4 + 1
    assert "Along the row" not in told(at)


@pytest.mark.usefixtures("four")
def test_another_ladder_brings_its_models_and_a_target_they_know(engine: FakeEngine):
    at = opened("ladder.py")
    engine.asked.clear()
    at.selectbox(key="av.family").set_value("zoo-l2").run()
    assert {spec.model for spec in engine.asked} == {"zoo-standard", "zoo-l2-1"}
    assert {spec.target for spec in engine.attacks()} == {"cat"}
    link = link_of(at)
    assert (link["family"], link["rung"], link["target"]) == ("zoo-l2", "zoo-l2-1", "cat")
    asked = set(engine.asked)
    engine.asked.clear()
    opened("ladder.py", **link)
    assert set(engine.asked) == asked


@pytest.mark.usefixtures("four", "engine")
@pytest.mark.parametrize(
    ("name", "value"), [("rung", "zoo-l2-1"), ("family", "tiny99"), ("target", "unicorn")]
)
def test_a_link_to_what_there_is_not_is_one_sentence(name: str, value: str):
    at = opened("ladder.py", **(to_query(LadderSpec()) | {name: value}))
    assert len(at.warning) == 1
    assert "This link cannot be used" in at.warning[0].value
    assert at.select_slider(key="av.rung").value == ROBUST


@pytest.mark.usefixtures("four")
def test_a_rung_of_another_ladder_gives_way_to_the_robust_model_of_the_board():
    """Where a page has changed the models of all pages."""
    first = permalinks.adopted(setups.default(), LadderSpec(rung=WEAKER))
    assert first.ladder.rung == WEAKER
    moved = first.with_board(standard="zoo-standard", robust="zoo-l2-1", target="wolf")
    assert (moved.ladder.family, moved.ladder.rung) == ("zoo-l2", "zoo-l2-1")


@pytest.mark.usefixtures("four", "engine")
def test_the_price_has_every_measured_rung_and_names_the_others():
    at = opened("ladder.py")
    shown = told(at)
    assert "Not measured against this attack: ● L2 3.0." in shown
    assert "PGD-50, untargeted, L2 1.0" in shown
    spec = setups.default().ladder
    drawn = price.chart(spec)
    assert drawn.count("<circle") == drawn.count("as they are: ") == 3
    found = record("tiny14-standard").accuracies["l2-1.0-r1"]["robust_accuracy"]
    value, low, high = (f"{100 * found[name]:.0f}" for name in ("value", "low", "high"))
    measured = f"{value}% (n = 1,125, 95% interval {low} to {high}%)"
    assert f"○ standard, under attack: {measured}" in drawn
    table = price.table(spec)
    assert table.count("not measured") == 2


@pytest.mark.usefixtures("four", "engine")
def test_a_norm_without_measurements_says_so():
    at = opened("ladder.py", **to_query(LadderSpec(norm="linf", eps=0.03)))
    assert "No accuracy under attacks like L∞ 7.65/255 was measured" in told(at)


@pytest.mark.usefixtures("engine")
def test_the_ladder_goes_home_as_a_command():
    at = opened("ladder.py")
    at.session_state["av.take"] = True
    at.run()
    codes = [block.value for block in at.code]
    assert any(code.startswith("advviz ladder --family tiny14-l2") for code in codes)
    assert any("from advviz.experiments.ladder import LadderSpec" in code for code in codes)
    assert any(to_link(setups.default().ladder) in code for code in codes)
