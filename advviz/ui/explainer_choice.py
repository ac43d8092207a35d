"""The choice of an explainer from the catalogue, and controls made from its parameters."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import streamlit as st

from advviz.experiments.explainer_choice import FIRST, GRADIENT, SMOOTHGRAD, score_of
from advviz.experiments.options import written_options
from advviz.experiments.result import Result
from advviz.experiments.specs import ExplainSpec
from advviz.explain.catalogue import Explainer, explainers
from advviz.explain.found import in_words
from advviz.models.records import record
from advviz.ui import method_controls
from advviz.ui.language import labelled, quote, say, term
from advviz.ui.parameter_controls import shown, told, widget
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.why import why


def chosen(setup: Setup) -> Explainer:
    """The explainer whose maps stand beside the gradient's."""
    return explainers()[setup.explain_method]


def method(setup: Setup) -> None:
    """Choose the explainer; its parameters begin with its defaults."""
    offered = [name for name in explainers() if name != GRADIENT]
    entry = chosen(setup)
    needs = say(" It needs {network}.", network=term(entry.network)) if entry.network else ""
    st.selectbox(
        say("Method beside the gradient"),
        offered,
        format_func=labelled(offered, lambda name: term(explainers()[name].title)),
        width=230,
        help=say("{paper}.{needs}", paper=entry.paper, needs=needs) + why("maps"),
        **control("av.explainer", setup.explain_method, _change),
    )


def _change(setup: Setup, name: str) -> Setup:
    return replace(setup, explain_method=name, explain_options="")


def parameters(setup: Setup) -> None:
    """Give the parameters of the explainer, each within its range."""
    if setup.explain_method == SMOOTHGRAD:
        method_controls.smoothgrad(setup)
        return
    params = _spec(setup).params
    for field in fields(params):
        meta = field.metadata
        value = shown(getattr(params, field.name), meta)
        key = f"av.of.{setup.explain_method}.{field.name}"
        size = {} if meta["type"] is bool else {"width": 190 if meta["type"] is str else 150}
        bound = control(key, value, _told(field.name, meta))
        widget(field.name, meta, bound, chapter="maps", layers=_layers(setup), **size)
    if not chosen(setup).exact:
        method_controls.numerics(setup)


def _layers(setup: Setup) -> Iterator[str]:
    """The named layers of the models on the page, but for those without places: the first."""
    for model in setup.models:
        yield from [*record(model).layers][1:]


def _spec(setup: Setup) -> ExplainSpec:
    return setup.explain_on(setup.model, setup.explain_method, "original")


def _told(name: str, meta: Any) -> Callable[[Setup, Any], Setup]:
    """The change of one parameter."""

    def change(setup: Setup, value: Any) -> Setup:
        params = replace(_spec(setup).params, **{name: told(value, meta)})
        return replace(setup, explain_options=written_options(params))

    return change


def measured(result: Result | None) -> str:
    """What was found besides a map's pixels, in the reader's language."""
    if result is None:
        return ""
    found = [quote(sentence) for sentence in in_words(result.facts)]
    return " · ".join(filter(None, (_completeness(result), *found)))


def _completeness(result: Result) -> str:
    if "completeness_error" not in result.facts:
        return ""
    error, difference = (result.facts[name] for name in ("completeness_error", "difference"))
    return say(
        "adds up to the score's change of {difference:.3g} but for {error:.2g}",
        difference=difference,
        error=error,
    )


def caption(setup: Setup, named: str) -> str:
    """What the explainer's maps are, what to notice, and what they cannot tell.

    Args:
        setup: of the page.
        named: the class that the maps are for, in the reader's language.
    """
    entry = chosen(setup)
    said = [f"**{term(entry.title)}.**", *map(term, (entry.is_, entry.notice, entry.cannot))]
    score = term(score_of(_spec(setup)))
    said.append(say("The score is the {score} for **{named}**.", score=score, named=named))
    if setup.view.draw == "signed" and setup.explain_method not in FIRST:
        said.append(say("Red speaks for the class, blue against it."))
    return " ".join(said)
