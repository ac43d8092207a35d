"""What a catalogue of explainers says of each: its names, its words, how it begins."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from advviz.explain.gradient import Explanation
    from advviz.protocol import Procedure

Score = Literal["loss", "log-probability", "probability", "logit"]
"""What an explainer makes of the score "cross-entropy": the loss itself, or what falls with it,
so that a positive map speaks for the class. "logit": it is defined for that score alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    """An entry of the catalogue.

    Args:
        name: what flags and links call it.
        title: what people call it.
        paper: where it is from.
        is_: one sentence: what the map is.
        notice: one sentence: what to look for in it.
        cannot: one sentence: what it cannot tell.
        params: dataclass of its parameters.
        make: begins it, given images [N, C, H, W], an objective and parameters, and by name
            `noise`, and `references` [R, C, H, W] where it asks for them; it returns an
            `Explanation` whose map is [N, C, H, W] or [N, 1, H, W].
        score: what the score "cross-entropy" stands for.
        exact: it asks the unmodified network alone, whatever the numerics.
        random: it draws random numbers, so that its seed matters.
        references: it compares with the bundled pictures, among them the explained one where that
            is bundled.
        needs_module: it looks inside the network, by calls; False: a pure procedure of queries.
        layer: it takes a layer, as its parameter of that name.
        blind: its map is the same for every class.
        network: what the network must be, in words for people; empty where any will do. Any
            other is refused in one sentence when the explainer is begun.
        version: raised with every change of what it computes.
    """

    name: str
    title: str
    paper: str
    is_: str
    notice: str
    cannot: str
    params: type[Any]
    make: Callable[..., "Procedure[Explanation]"]
    score: Score = "log-probability"
    exact: bool = False
    random: bool = False
    references: bool = False
    needs_module: bool = False
    layer: bool = False
    blind: bool = False
    network: str = ""
    version: int = 1


def made_in(module: str, function: str, **fixed: Any) -> Callable[..., "Procedure[Explanation]"]:
    """Return a function that begins an explainer; its module is imported when it is called."""

    def make(*args: Any, **words: Any) -> "Procedure[Explanation]":
        begin: Callable[..., Procedure[Explanation]]
        begin = getattr(import_module(f"advviz.explain.{module}"), function)
        return begin(*args, **fixed, **words)

    return make


def made_inside(
    module: str, function: str, *, told: bool = True
) -> Callable[..., "Procedure[Explanation]"]:
    """Return a function that begins an explainer which draws nothing at random.

    Args:
        module: of the package, imported when the explainer is begun.
        function: called with images and objective, and with the parameters if `told`.
        told: it has parameters.
    """

    def make(images: Any, objective: Any, params: Any, *, noise: Any) -> "Procedure[Explanation]":
        del noise
        begin: Callable[..., Procedure[Explanation]]
        begin = getattr(import_module(f"advviz.explain.{module}"), function)
        return begin(images, objective, params) if told else begin(images, objective)

    return make
