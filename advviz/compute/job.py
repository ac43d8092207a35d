"""One computation that is wanted, and what can be seen of it."""

import itertools
from collections.abc import Generator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from advviz.experiments.result import Array, Result
from advviz.experiments.specs import Spec

_arrivals = itertools.count()


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
        result: when done.
        error: one sentence, when failed.
    """

    spec: Spec
    key: str
    state: State = State.WAITING
    position: int = 0
    progress: tuple[str, int, int | None] | None = None
    preview: Array | None = None
    result: Result | None = None
    error: str | None = None
    seconds: float = 0.0  # of the worker's time
    arrival: int = field(default_factory=lambda: next(_arrivals))
    session: str = ""
    turn: int = 0  # in the queue: the first of every session before the second of any
    # What follows belongs to the engine.
    needs: tuple["Job", ...] = ()
    watchers: set[object] = field(default_factory=set)
    abandoned_at: float | None = None
    procedure: Generator[Any, Any, Result] | None = None
    reply: Any = None
    previewed_at: float = 0.0

    def end(self, state: State, *, result: Result | None = None, error: str | None = None) -> None:
        """Enter a final state and let go of everything that only running needed."""
        self.state, self.result, self.error = state, result, error
        self.procedure = self.reply = self.preview = None
        for needed in self.needs:
            needed.watchers.discard(self)
        self.needs = ()
