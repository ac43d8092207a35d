"""The page "Explanations measured": it runs, finds what is known, ships, and its link holds all."""

import json
import shlex

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.cli.entry import parse
from advviz.cli.explanations import plan_of
from advviz.compute import Engine
from advviz.evaluation.explanations import shipped
from advviz.evaluation.explanations.metrics import METRICS, NULLS
from advviz.evaluation.explanations.plan import command
from advviz.evaluation.explanations.verdicts import FAILS, SENTENCES, of_dict
from advviz.models.records import record
from advviz.ui import language, permalinks
from advviz.ui import setup as setups
from advviz.ui.explanations_chart import rows_of
from advviz.ui.explanations_choice import SHOWN, ExplanationChoice

QUICK = {
    "show.maps_models": "cifar10-standard",
    "show.maps_methods": "gradient",
    "show.maps_limit": "2",
    "show.maps_steps": "2",
}


def opened(**query: str) -> AppTest:
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=900)
    at.switch_page(str(resources.pages() / "explanations.py"))
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def told(at: AppTest) -> str:
    assert not at.exception, at.exception
    return " ".join(element.proto.body for element in at.get("html"))


def test_the_shipped_tables_are_there_at_once(engine: FakeEngine):
    """Without a question to the engine; a verdict for each model, a chart, and the numbers."""
    at = opened()
    said = told(at)
    assert engine.asked == []
    assert "ship with the app" in " ".join(caption.value for caption in at.caption)
    assert "Which measures can be believed here" in said
    assert "Edge map" in said
    assert "Slope of the gradient" in said


def test_what_is_run_is_kept_and_found_by_the_next_visitor(real_engine: Engine):
    at = opened(**QUICK)
    assert "Nothing of this plan is known yet" in " ".join(c.value for c in at.caption)
    at.button(key="av.explanations.run").click().run()
    assert not at.error
    assert "Gradient" in told(at)
    computed = real_engine.counters.counts().computed
    again = opened(**QUICK)
    assert again.button(key="av.explanations.run").label == "Done"
    assert real_engine.counters.counts().computed == computed
    again.session_state["av.e.t"] = True
    again.run()
    link, line, program = (code.value for code in again.code[-3:])
    assert "show.maps_methods=gradient" in link
    ran = []
    exec(program.replace("from advviz.cli import main", "main = ran.append"), {"ran": ran})
    assert ran == [shlex.split(line)[1:]]


@pytest.mark.usefixtures("engine")
def test_every_choice_is_in_the_link_and_in_the_command():
    chosen = ExplanationChoice(
        maps_models="cifar10-standard,cifar10-robust-l2",
        maps_methods="gradient,smoothgrad",
        maps_limit=3,
        maps_steps=4,
        maps_sample=5,
        maps_metric="infidelity",
    )
    first = setups.default().with_explanations(**{n: getattr(chosen, n) for n in SHOWN})
    query = permalinks.to_query(first, "board", SHOWN)
    assert permalinks.from_query(setups.default(), query).explanations == chosen
    plan = chosen.plan(("tiny14-standard", "tiny14-robust-l2"))
    assert plan_of(parse(shlex.split(command(plan))[1:])) == plan
    at = opened(**query)
    assert not at.warning
    assert "Share of the logit" in told(at)


@pytest.mark.usefixtures("engine")
def test_what_cannot_be_measured_is_one_sentence():
    at = opened(**(QUICK | {"show.maps_images": "folder"}))
    assert "no folder of pictures" in at.error[0].value


# --- what ships -----------------------------------------------------------------------


def test_the_shipped_tables_are_of_the_weights_and_pictures_that_ship():
    """Of every pair; measured as the page would measure, with every null."""
    found = {tuple(table["weights"]): table for table in shipped.tables()}
    assert set(found) == set(shipped.PAIRS)
    for pair, table in found.items():
        assert table["weights"] == {model: record(model).sha256 for model in pair}
        assert shipped.shipped(ExplanationChoice().plan(pair)) is table
        assert {row["method"] for row in table["rows"]} >= {*NULLS, "gradient", "smoothgrad"}
        assert all(row["images"] == table["n"] for row in table["rows"])
        assert len(table["verdicts"]) == len(pair) * len(METRICS)
        json.dumps(table, allow_nan=False)


def test_no_map_that_knows_nothing_ranks_first_unless_it_is_said():
    """Must show: read from the figures, not from the verdicts."""
    for table in shipped.tables():
        for metric in METRICS:
            for model in table["weights"]:
                rows = [row for row in rows_of(table, metric.key) if row.figures[model]]
                best = (max if metric.better == "high" else min)(
                    rows, key=lambda row: row.figures[model]["mean"]
                )
                verdict = next(
                    v for v in table["verdicts"] if (v["metric"], v["model"]) == (metric.key, model)
                )
                assert verdict["fails"] == (" fails on " in verdict["sentence"])
                if best.is_null:
                    assert verdict["fails"]


@pytest.mark.parametrize("code", [code for code in language.LANGUAGES if code != "en"])
def test_a_verdict_is_said_in_every_language(code: str):
    """With the same figures: the page makes it anew from what is kept."""
    known = language.translations(code)
    assert set(SENTENCES.values()) <= known.keys()
    kept = shipped.tables()[0]["verdicts"]
    assert [of_dict(verdict).kind == FAILS for verdict in kept] == [v["fails"] for v in kept]
    for metric in METRICS:
        assert {metric.title, metric.meaning} <= known.keys()
