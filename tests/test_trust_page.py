"""The trust panel on the Saliency page: on request, for both models, in links and commands."""

from fake_engine import FakeEngine
from test_pages import opened, told

from advviz.evaluation.trust import NAMES
from advviz.experiments import links
from advviz.experiments.codec import to_query
from advviz.experiments.references import RESULT
from advviz.experiments.trust import TrustSpec
from advviz.ui import permalinks
from advviz.ui import setup as setups


def panels(engine: FakeEngine) -> list[TrustSpec]:
    return [spec for spec in engine.asked if isinstance(spec, TrustSpec)]


def page(**query: str):
    """The page with its drawer open."""
    at = opened("saliency.py", **query)
    at.session_state["av.trust"] = True
    return at.run()


def test_nothing_is_tested_before_somebody_asks(engine: FakeEngine):
    opened("saliency.py")
    assert not panels(engine)


def test_both_models_are_judged_by_symbol_word_and_sentence(engine: FakeEngine):
    at = page()
    assert not at.exception
    said = told(at)
    assert {spec.model for spec in panels(engine)} == {"tiny14-standard", "tiny14-robust-l2"}
    assert all(question in said for question in NAMES.values())
    assert "✗ fails" in said
    assert "✓ passes" in said
    assert "◐ not enough to tell" in said
    assert "2 of 11 tests fail" in said or "3 of 11 tests fail" in said
    assert "which is not to say that it is right" in said


def test_what_is_tested_is_chosen_and_stands_in_the_link_and_the_command(engine: FakeEngine):
    at = page()
    at.session_state["av.take"] = True
    at.segmented_control(key="av.tested").set_value("attacked").run()
    at.segmented_control(key="av.plainly").set_value(True).run()
    spec = panels(engine)[-1]
    assert spec.method == "gradient"
    assert spec.image.startswith(RESULT)
    assert at.query_params["show.tested"] in ("attacked", ["attacked"])
    commands = [code.value for code in at.code if code.language == "bash"]
    assert any("advviz trust" in command for command in commands)


def test_the_link_of_a_panel_opens_the_page_of_its_map(engine: FakeEngine):
    spec = TrustSpec(
        model="tiny14-standard", image="sample:goose", method="smoothgrad", samples=7, copies=5
    )
    at = opened("saliency.py", **to_query(spec))
    assert not at.error, "and its drawer is open"
    found = panels(engine)[0]
    assert (found.image, found.method, found.samples) == ("sample:goose", "smoothgrad", 7)
    setup = permalinks.adopted(setups.default(), links.from_link(links.to_link(spec)))
    assert setup.view.tested == "original"
    assert setup.view.quickly
    assert not setup.view.plainly
