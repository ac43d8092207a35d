"""Gradients on a page: drawn in the chosen way, on the chosen scale, with their strength."""

from collections.abc import Mapping
from typing import Any, Literal, cast

import numpy as np

from advviz import pictures
from advviz.experiments.result import Result
from advviz.ui.language import say
from advviz.ui.view import View
from advviz.ui.words import numerics, short

Array = np.ndarray[Any, np.dtype[Any]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


def draw(gradients: Mapping[str, Array], view: View) -> dict[str, Bytes]:
    """Draw maps that may share a scale; names are `<model>/<picture>`."""
    if view.draw == "rgb":
        return {name: pictures.tutorial_rgb(array) for name, array in gradients.items()}
    measure, paint = (
        (pictures.signed_scale, pictures.signed)
        if view.draw == "signed"
        else (pictures.ink_scale, pictures.absolute_ink)
    )
    scope = cast(Literal["picture", "model", "all"], view.scale)
    found = pictures.scales(gradients, scope, measure)
    return {name: paint(array, found[name]) for name, array in gradients.items()}


def said(own: Array, other: Array | None, result: Result | None) -> str:
    """What stands under a map: its strength beside the other model's, and its numerics."""
    fast = numerics(result.facts) if result else ""
    return " · ".join(filter(None, (strength(own, other), fast)))


def strength(own: Array, other: Array | None) -> str:
    """Say how strong a map is beside the other model's map of the same kind."""
    if other is None:
        return ""
    ratio = times(own, other)
    if not ratio:
        return say("the other model's map is empty")
    if ratio == "0":
        return say("strength 0")
    return say("strength {ratio} of the other model", ratio=ratio)


def times(own: Array, other: Array) -> str:
    """Say how many times as strong a map is as another; nothing, where the other is empty."""
    mine, theirs = pictures.ink_scale(own), pictures.ink_scale(other)
    if mine == 0:
        return "0"
    return f"×{short(mine / theirs)}" if theirs else ""
