"""The page Evaluate: it states, runs, finds what is known, and its link holds every choice."""

import shlex

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.compute import Engine
from advviz.ui import permalinks
from advviz.ui import setup as setups
from advviz.ui.measure import SHOWN, Measure

QUICK = {
    "show.attacks": "fgsm,pgd",
    "show.norm": "l2",
    "show.radii": "0.5",
    "show.limit": "2",
    "show.steps": "1",
    "show.checks": "free",
}


def opened(**query: str) -> AppTest:
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=900)
    at.switch_page(str(resources.pages() / "evaluate.py"))
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def told(at: AppTest) -> str:
    assert not at.exception, at.exception
    return " ".join(element.proto.body for element in at.get("html"))


def test_it_is_stated_and_nothing_runs_by_itself(engine: FakeEngine):
    at = opened(**QUICK)
    said = told(at)
    for word in ("Goal", "Data", "Threat model", "Attacks", "Budget", "2 images of gallery"):
        assert word in said
    assert "not measured yet" in said
    assert engine.asked == []
    assert at.button(key="av.measure.run").label == "Run"


def test_what_is_run_is_kept_and_found_by_the_next_visitor(real_engine: Engine):
    at = opened(**QUICK)
    at.button(key="av.measure.run").click().run()
    said = told(at)
    assert not at.error
    assert said.count("worst case L2 0.5:") == 2
    assert "Looked for and not found" in said
    computed = real_engine.counters.counts().computed
    assert computed == 2 * (1 + 2) + 2 + 2  # probes, attacks; full cells and what is shown on
    again = opened(**QUICK)
    assert again.button(key="av.measure.run").label == "Done"
    assert told(again).count("worst case L2 0.5:") == 2
    assert real_engine.counters.counts().computed == computed
    for key in ("av.m.c", "av.m.i", "av.m.t"):
        again.session_state[key] = True
    again.run()
    assert "Held" in told(again)
    link, line, program = (code.value for code in again.code[-3:])
    assert "show.radii=" in link
    assert line.startswith("advviz evaluate --model")
    ran = []
    exec(program.replace("from advviz.cli import main", "main = ran.append"), {"ran": ran})
    assert ran == [shlex.split(line)[1:]]


@pytest.mark.usefixtures("engine")
def test_every_choice_is_in_the_link():
    chosen = Measure(models="tiny14-standard", norm="linf", radii="2/255,4/255", attacks="pgd")
    first = setups.default().with_measure(**{name: getattr(chosen, name) for name in SHOWN})
    query = permalinks.to_query(first, "board", SHOWN)
    assert permalinks.from_query(setups.default(), query).measure == chosen
    at = opened(**query)
    assert not at.warning
    assert "L∞ 2/255, L∞ 4/255" in told(at)


@pytest.mark.usefixtures("engine")
def test_what_cannot_be_measured_is_one_sentence():
    at = opened(**QUICK)
    at.text_input(key="av.measure.radii").set_value("many").run()
    assert len(at.warning) == 1
    assert "eps must be a number" in at.warning[0].value
    assert "show.radii" in at.query_params
    at = opened(**(QUICK | {"show.images": "folder"}))
    assert "no folder of pictures" in at.error[0].value
