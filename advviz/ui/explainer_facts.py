"""What an explainer that looks inside the network found out besides its map, in words."""

from collections.abc import Mapping
from typing import Any

from advviz.experiments.result import Result
from advviz.ui.language import say


def found_inside(result: Result | None) -> str:
    """The layer and its grid, what stood at the activations, what was conserved."""
    facts: Mapping[str, Any] = {} if result is None else result.facts
    told = (_layer(facts), _tokens(facts), _rectifiers(facts), _conserved(facts))
    return " · ".join(filter(None, told))


def _layer(facts: Mapping[str, Any]) -> str:
    if "layer" not in facts:
        return ""
    height, width = facts["grid"]
    where = say("{layer}, {height}×{width}", layer=facts["layer"], height=height, width=width)
    if facts["blank"]:
        return say("{where}: nothing there speaks for the class", where=where)
    return where


def _tokens(facts: Mapping[str, Any]) -> str:
    if "blocks" not in facts:
        return ""
    height, width = facts["grid"]
    return say(
        "{blocks} blocks of {heads} heads, {height}×{width} patches",
        blocks=facts["blocks"],
        heads=facts["heads"],
        height=height,
        width=width,
    )


def _rectifiers(facts: Mapping[str, Any]) -> str:
    if "rectifiers" not in facts:
        return ""
    if not facts["rectifiers"]:
        return say("no rectifier: it is the gradient")
    return say(
        "{count} rectifiers: {activations}",
        count=facts["rectifiers"],
        activations=facts["activations"],
    )


def _conserved(facts: Mapping[str, Any]) -> str:
    if "conserved" not in facts:
        return ""
    return say(
        "adds up to {conserved:.3g} of the logit {logit:.3g}; biases keep the rest",
        conserved=facts["conserved"],
        logit=facts["value"],
    )
