"""The page of the lab that trains a robust model."""

import ast
import json
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from fake_engine import FakeEngine, trained_side_by_side
from test_pages import link_of, opened, told, with_drawer

from advviz import resources
from advviz.data import uploads as pictures
from advviz.experiments.lab_training import LabTrainingSpec, collapsing
from advviz.experiments.links import to_flags, to_link, to_query
from advviz.models import uploaded
from advviz.models.records import record
from advviz.ui import language, running, training_charts, training_pictures

SPEC = LabTrainingSpec()
SINGLE = collapsing()
UI = Path(language.__file__).parent


def spoken(at):
    return " ".join(found.value for kind in (at.error, at.info, at.caption) for found in kind)


def test_the_page_runs_at_once_and_says_both_verdicts_with_their_intervals(engine: FakeEngine):
    at = opened("training.py")
    assert engine.asked == [SPEC]
    shown = told(at)
    assert "97% right as they are, 1% under attack" in shown
    assert "95% right as they are, 45% under attack" in shown
    assert shown.count("95% interval") == 2
    assert "trained on the worst within L2 0.75" in shown
    assert "\\max_{\\|\\delta\\|_{2}" in at.latex[0].value
    assert not at.error


def test_the_switch_chooses_a_set_up_that_collapses_and_the_page_says_by_what_one_sees_it(
    engine: FakeEngine,
):
    at = opened("training.py")
    at.toggle(key="av.training.single").set_value(True).run()
    assert engine.asked[-1] == SINGLE
    assert "Catastrophic overfitting, seen after epoch 20: it is right on 80%" in spoken(at)
    assert link_of(at) == to_query(SINGLE)
    at.toggle(key="av.training.single").set_value(False).run()
    assert engine.asked[-1] == SPEC


def test_every_field_has_a_control(engine: FakeEngine):
    at = with_drawer(opened("training.py"), "av.training.more")
    at.number_input(key="av.training.attack_steps").set_value(9).run()
    at.number_input(key="av.training.seed").set_value(3).run()
    at.selectbox(key="av.training.network").set_value("linear").run()
    assert engine.asked[-1] == replace(SPEC, attack_steps=9, seed=3, network="linear")
    named = {widget.key for kind in ("selectbox", "number_input") for widget in at.get(kind)}
    named |= {widget.key for kind in ("toggle", "select_slider") for widget in at.get(kind)}
    # The length of a step follows eps and steps; pictures of CIFAR-10 are counted there alone.
    of_spec = {f.name for f in fields(SPEC)} - {"step_size", "images", "norm", "single_step"}
    assert {f"av.training.{name}" for name in of_spec} <= named
    at = opened("training.py", **to_query(replace(SPEC, step_size=0.5)))
    assert engine.asked[-1].step_size == 0.5


def test_kept_models_are_shown_by_all_pages_with_pictures_of_their_size(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(uploaded, "_trained", uploaded.Uploads(8, 2**20))
    at = opened("training.py")
    at.button(key="av.training.keep").click().run()
    assert not at.exception
    setup = at.session_state["av.setup"]
    assert record(setup.board.robust).is_robust or setup.board.robust == setup.board.standard
    assert setup.board.image.startswith("sha256:")
    assert (setup.board.target, setup.board.eps) == ("8", SPEC.eps_in_rgb)
    assert pictures.fetch_exact(setup.board.image).shape == (3, 8, 8)
    assert "choose strengths √3 times as large" in spoken(at)
    engine.asked.clear()
    at.switch_page(str(resources.pages() / "compare.py")).run()
    assert not at.exception
    attacks = engine.attacks()
    assert {spec.model for spec in attacks} == {setup.board.standard, setup.board.robust}
    assert {spec.image for spec in attacks} == {setup.board.image}


def test_curves_and_pictures_are_drawn_while_the_networks_learn():
    """From the arrays that are known so far, before there is a result."""
    whole = trained_side_by_side(SPEC).arrays
    partial = {name: whole[name] for name in ("samples", "weights", "gradients")}
    partial |= {name: whole[name][:, :5] for name in ("clean", "own", "judged")}
    partial |= {"loss": whole["loss"][:, :4], "pictured_epochs": whole["pictured_epochs"]}
    shown = running.Shown(None, "epoch 4 of 30: step 4 of 52", 0.1, partial=partial)
    assert training_pictures.known(shown) is partial
    drawn = training_pictures.draw(SPEC, {SPEC: shown}, None)
    assert drawn.count("<img") == 6 + 2 * 6 + 2 * 10
    svg = training_charts.svg(training_charts.accuracy(SPEC, partial))
    assert svg.count("<polyline") == 4
    table = training_charts.table(training_charts.loss(SPEC, partial))
    assert re.search(r"<td>4</td><td>0\.1</td><td>0\.7</td>", table)


@pytest.mark.usefixtures("engine")
def test_the_lab_goes_home_as_link_command_and_program():
    at = opened("training.py")
    at.session_state["av.take"] = True
    at.run()
    codes = [block.value for block in at.code]
    assert any(code.startswith("advviz lab training --data digits") for code in codes)
    assert any("from advviz.experiments.lab_training import LabTrainingSpec" in c for c in codes)
    assert any(to_link(SPEC) in code for code in codes)
    assert to_flags(SPEC)[:2] == ["lab", "training"]


def test_every_sentence_of_the_page_has_its_translation():
    path = resources.assets() / "translations" / "zh-CN" / "training.json"
    known = json.loads(path.read_text(encoding="utf-8"))
    for field in fields(SPEC):
        if field.name != "step_size":  # said on the page of the attack
            assert field.metadata["help"] in known
    files = [*UI.glob("training_*.py"), resources.pages() / "training.py"]
    spoken = [
        call.args[0]
        for file in files
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "say"
    ]
    assert len(spoken) > 60
    assert [sentence.value for sentence in spoken if sentence.value not in known] == []
    for english, translated in known.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", translated))
