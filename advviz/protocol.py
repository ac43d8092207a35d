"""The one question that everything here asks a network, and who answers it.

An algorithm is a *procedure*: a generator that yields queries ("at these pixels, what is
this objective, and which way does it rise?"), receives answers, and returns its result. It
holds the mathematics and nothing else: no model, device, batch loop, progress bar or cancel
flag. Procedures compose with `yield from`, are driven by `run` in a script or by the engine
in the app, and are cancelled by `close()`.

A procedure never yields inside a `with` that changes thread or model state.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from torch import Tensor, nn

from advviz.objectives import Objective

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a procedure is: shown to the people who wait for it.

    Args:
        stage: what is being done, in words for a user ("attack, restart 2").
        done: steps finished.
        total: steps in all, or None where that is not known.
        preview: the picture to show, [C, H, W] in [0, 1], or None.
        partial: arrays of the result as far as they are known, for a page that draws them
            before the end; None where nothing new is.
    """

    stage: str
    done: int
    total: int | None = None
    preview: Tensor | None = None
    partial: Mapping[str, Tensor] | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Ask for an objective, row by row.

    Args:
        images: [N, C, H, W], pixels in [0, 1] (noise may leave the range).
        objective: one scalar a row; None asks for the logits alone.
        gradient: False asks for a forward pass only.
        exact: True asks the unmodified classifier in full precision; decisions and
            everything reported are exact.
        progress: what to tell those who wait.
    """

    images: Tensor
    objective: Objective | None = None
    gradient: bool = True
    exact: bool = False
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a network says. Row i depends on row i of the query alone.

    Args:
        logits: [N, K].
        values: [N] of the objective; [0] without one.
        gradients: [N, C, H, W] of each row's value by its pixels; [0] unless asked for.
        degraded: memory was short, and the rows were cut into smaller passes than usual.
    """

    logits: Tensor
    values: Tensor
    gradients: Tensor
    degraded: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """Run a function on the module itself, for what a query cannot ask.

    The function gets the unmodified fp32 module, lasts at most a quarter of a second (longer
    work yields many calls) and leaves the module as it found it.
    """

    function: Callable[[nn.Module], Any]
    progress: Progress | None = None


Procedure = Generator[Query | Call, Any, R]
"""A generator of queries that returns R. A Query is answered by an Answer, a Call by what
its function returned."""


class Respondent(Protocol):
    """Whoever answers a procedure: a classifier, or a copy of it made for speed."""

    def answer(self, query: Query) -> Answer:
        """Answer a query."""
        ...

    def call(self, call: Call) -> Any:
        """Run a call's function on the module."""
        ...


def run(procedure: Procedure[R], classifier: Respondent) -> R:
    """Drive a procedure to its result.

    Args:
        procedure: a fresh generator, such as `pgd(...)` returns.
        classifier: answers its queries.

    Returns:
        What the procedure returns.
    """
    reply = None
    while True:
        try:
            request = procedure.send(reply)
        except StopIteration as finished:
            result: R = finished.value
            return result
        if isinstance(request, Query):
            reply = classifier.answer(request)
        else:
            reply = classifier.call(request)
