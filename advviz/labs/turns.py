"""Work on a lab's own networks, in turns that are short enough to share a worker.

A procedure's `Call` lasts at most a quarter of a second. How many steps fit into one depends on
the machine; what the steps compute does not.
"""

import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from torch import nn

from advviz.protocol import Call, Procedure, Progress, Query, Respondent

R = TypeVar("R")
TURN = 0.15
"""Seconds after which a turn ends with the step that it is at."""

Work = Generator[Progress, None, R]
"""Small steps: it yields after each how far it is, outside of every `with`, and returns R."""


def in_turns(work: Work[R], seconds: float = TURN) -> Procedure[R]:
    """Do some work step by step, as many steps a turn as fit.

    Args:
        work: a fresh generator; closed with the procedure. A step lasts a tenth of a second at
            most.
        seconds: after which a turn ends.

    Returns:
        What the work returns.
    """
    progress = None
    try:
        while True:
            turn = yield Call(_turn_of(work, seconds), progress)
            if turn.ended:
                found: R = turn.value
                return found
            progress = turn.value
    finally:
        work.close()


class _Turn:
    """How a turn ended: with the work's result, or with how far it came."""

    __slots__ = ("ended", "value")

    def __init__(self, ended: bool, value: Any) -> None:
        self.ended, self.value = ended, value


def _turn_of(work: Work[Any], seconds: float) -> Callable[[nn.Module], _Turn]:
    def turn(_module: nn.Module) -> _Turn:
        ends = time.monotonic() + seconds
        while True:
            try:
                progress = next(work)
            except StopIteration as finished:
                return _Turn(True, finished.value)
            if time.monotonic() >= ends:
                return _Turn(False, progress)

    return turn


def answered_by(
    respondent: Respondent, procedure: Procedure[R], progress: Progress | None = None
) -> Procedure[R]:
    """Put a procedure's questions to a lab's own network, one a turn.

    Args:
        respondent: such as `Classifier(network)`. A question takes it a quarter of a second at
            most: give the procedure as many images as that allows.
        procedure: a fresh one, such as `pgd(...)` returns; closed with this one.
        progress: to tell instead of the procedure's own.

    Returns:
        What the procedure returns.
    """
    reply = None
    try:
        while True:
            try:
                request = procedure.send(reply)
            except StopIteration as finished:
                found: R = finished.value
                return found
            reply = yield Call(_reply_to(request, respondent), progress or request.progress)
    finally:
        procedure.close()


def _reply_to(request: Query | Call, respondent: Respondent) -> Callable[[nn.Module], Any]:
    def reply(_module: nn.Module) -> Any:
        if isinstance(request, Query):
            return respondent.answer(request)
        return respondent.call(request)

    return reply
