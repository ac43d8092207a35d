"""One computation that is wanted, and what can be seen of it."""

import itertools
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from advviz.experiments.protocol import Spec
from advviz.experiments.result import Array, Result

_arrivals = itertools.count()


def arrived() -> int:
    """Give the next number in the order in which jobs came."""
    return next(_arrivals)


class State(Enum):
    """Where a job stands; the last three are final."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Say whether nothing will happen any more."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(slots=True, eq=False)
class Job:
    """A spec on its way to a result. Pages read it; only the engine writes it.

    Args:
        spec: what is computed.
        key: of the result.
        state: where it stands.
        position: jobs before it while it waits; 0 is next.
        progress: stage, steps done, steps in all (None if not known); None before the first.
        preview: the picture so far, float32 [C, H, W] in [0, 1], or None.
        partial: the arrays of the result that are known so far, or None.
        result: when done.
        error: one sentence, when failed.
        background: wanted only by those who can wait: warming, evaluation, training.
    """

    spec: Spec
    key: str
    state: State = State.WAITING
    position: int = 0
    progress: tuple[str, int, int | None] | None = None
    preview: Array | None = None
    partial: Mapping[str, Array] | None = None
    result: Result | None = None
    error: str | None = None
    seconds: float = 0.0  # of the worker's time
    first: float = 0.0  # of them, until the first answer: it may have loaded the model
    steps: int = 0  # questions that were answered
    rows: int = 0  # pictures in them
    background: bool = False  # served after everything else
    arrival: int = field(default_factory=arrived)
    session: str = ""
    turn: int = 0  # in the queue: the first of every session before the second of any
    # What follows belongs to the engine.
    needs: tuple["Job", ...] = ()
    watchers: set[object] = field(default_factory=set)
    abandoned_at: float | None = None
    procedure: Generator[Any, Any, Result] | None = None
    reply: Any = None
    degraded: bool = False  # memory was short: the result is marked, and not kept
    previewed_at: float = 0.0

    def end(self, state: State, *, result: Result | None = None, error: str | None = None) -> None:
        """Enter a final state and let go of everything that only running needed."""
        self.state, self.result, self.error = state, result, error
        self.procedure = self.reply = self.preview = self.partial = None
        for needed in self.needs:
            needed.watchers.discard(self)
        self.needs = ()
