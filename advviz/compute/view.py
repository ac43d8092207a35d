"""What one session watches: an ordered group of jobs, followed at a calm pace."""

import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from advviz.compute.job import Job

if TYPE_CHECKING:
    from advviz.compute.desk import Desk

GRACE = 1.0  # seconds that a job goes on after its last watcher left


class View:
    """A session's ordered group of jobs; see `Engine.watch`."""

    def __init__(self, desk: "Desk", session: str, background: bool = False) -> None:
        self._desk = desk
        self.session = session
        self.jobs: tuple[Job, ...] = ()
        self.left = False
        self.background = background  # it can wait: what it alone wants goes last

    @property
    def done(self) -> bool:
        """Say whether every job has ended."""
        return all(job.state.is_final for job in self.jobs)

    def updates(self, timeout: float = 0.25) -> Iterator[None]:
        """Yield at most once every `timeout` seconds until every job has ended, then once more."""
        while not self.done:
            yield
            deadline = time.monotonic() + timeout
            with self._desk.changed:
                while (left := deadline - time.monotonic()) > 0 and not self.done:
                    self._desk.changed.wait(left)
        yield

    def __enter__(self) -> Self:
        """Return the view."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the jobs up; those that nobody comes back to are closed after a second."""
        self.left = True
        self._desk.release(self, grace=GRACE)
