"""The Saliency page with any explainer of the catalogue: asked, said, and in the link."""

from dataclasses import fields, replace

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest
from test_pages import link_of, opened, told

from advviz.experiments.explainer_choice import FIRST
from advviz.experiments.specs import ExplainSpec
from advviz.explain.catalogue import explainers
from advviz.fields import AUTO
from advviz.ui import permalinks
from advviz.ui import setup as setups

OTHERS = [name for name in explainers() if name not in FIRST]


def maps(engine: FakeEngine) -> set[str]:
    """The methods of the maps that the page has asked for."""
    return {spec.method for spec in engine.asked if isinstance(spec, ExplainSpec)}


def page_of(name: str, **words: str) -> AppTest:
    setup = replace(setups.default(), explain_method=name, **words)
    return opened("saliency.py", **permalinks.to_query(setup, "explain", ("draw",)))


@pytest.mark.parametrize("name", OTHERS)
def test_a_link_of_any_explainer_opens_with_its_caption_and_its_own_controls(
    engine: FakeEngine, name: str
):
    """The gradient stands beside it; the link stays what it was."""
    entry = explainers()[name]
    at = page_of(name)
    assert not at.error
    assert maps(engine) == {"gradient", name}
    said = told(at)
    assert entry.cannot in said.replace("&#x27;", "'")
    assert link_of(at)["method"] == name
    kinds = (at.number_input, at.selectbox, at.text_input, at.toggle)
    keys = {widget.key for kind in kinds for widget in kind}
    assert {f"av.of.{name}.{field.name}" for field in fields(entry.params)} <= keys


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("name", OTHERS)
def test_a_parameter_that_is_changed_is_in_the_link_and_auto_is_auto(name: str):
    """Each number at its lowest; a number that is left empty is the rule's."""
    at = page_of(name)
    numbers = [f for f in fields(explainers()[name].params) if f.metadata["type"] in (int, float)]
    for field in numbers:
        assert at.number_input(key=f"av.of.{name}.{field.name}").value == (
            None if field.default == AUTO else field.default
        )
    if numbers:
        first = numbers[0]
        low = first.metadata["low"]
        at.number_input(key=f"av.of.{name}.{first.name}").set_value(low).run()
        assert f"{first.name}={low!r}" in link_of(at)["options"].split(",")


def test_the_method_is_chosen_on_the_page_and_smoothgrad_comes_back_as_it_was(
    engine: FakeEngine,
):
    """Its own numbers are kept while another method is shown."""
    at = opened("saliency.py")
    at.number_input(key="av.samples").set_value(7).run()
    at.selectbox(key="av.explainer").set_value(OTHERS[0]).run()
    assert link_of(at)["method"] == OTHERS[0]
    at.selectbox(key="av.explainer").set_value("smoothgrad").run()
    assert (link_of(at)["method"], link_of(at)["samples"]) == ("smoothgrad", "7")
    assert maps(engine) == {"gradient", "smoothgrad", OTHERS[0]}


@pytest.mark.usefixtures("engine")
def test_red_and_blue_are_said_where_they_mean_for_and_against():
    at = page_of(OTHERS[0], view=setups.default().view.__class__(draw="signed"))
    assert "Red speaks for the class" in told(at)
