"""The open jobs, who wants them, and the lock that guards both."""

import logging
import time
from collections.abc import Callable
from threading import Condition

from advviz.compute.job import Job, State
from advviz.compute.queue import settle, turn_of
from advviz.compute.view import GRACE, View
from advviz.experiments.result import Result

log = logging.getLogger(__name__)


class Desk:
    """Jobs from the moment they are wanted until they end.

    Whoever reads or changes it holds `changed`, and tells those who wait for a change.

    Args:
        ended: told of every job that has ended, with the lock held.
    """

    def __init__(self, ended: Callable[[Job], None]) -> None:
        self.changed = Condition()
        self.jobs: dict[str, Job] = {}  # open ones, by key
        self.views: dict[str, View] = {}  # the current one of each session
        self.closing = False
        self._ended = ended

    def open(self, job: Job) -> Job:
        """Take a job in, and those who watch it; or return the open one of the same key."""
        if self.closing:
            return Job(job.spec, job.key, State.CANCELLED, error="the engine has been closed")
        if job.key in self.jobs:
            return self.jobs[job.key]
        job.turn = turn_of(job.session, self.jobs.values(), job.background)
        self.jobs[job.key] = job
        for needed in job.needs:
            needed.watchers.add(job)
        return job

    def show(self, view: View) -> View | None:
        """Make a view its session's current one; return the one before."""
        old = self.views.get(view.session)
        self.views[view.session] = view
        return old

    def release(self, view: View, grace: float) -> None:
        """Give up what a view watches; what nobody comes back to in `grace` seconds is closed."""
        with self.changed:
            if self.views.get(view.session) is view and (view.done or grace == 0.0):
                del self.views[view.session]
            for job in view.jobs:
                job.watchers.discard(view)
                settle(job, view.session, self.jobs.values())
                if not job.watchers and not job.state.is_final:
                    _mark(job, time.monotonic() + grace - GRACE)
            self.changed.notify_all()

    def close_abandoned(self) -> None:
        """End the jobs that nobody wants any more, and those whose prerequisites failed."""
        now = time.monotonic()
        for job in reversed(list(self.jobs.values())):  # what needs others comes after them
            if not job.watchers:
                since = job.abandoned_at = now if job.abandoned_at is None else job.abandoned_at
                if now >= since + GRACE:
                    self.finish(job, State.CANCELLED)
        for job in list(self.jobs.values()):
            failed = [n for n in job.needs if n.state in (State.FAILED, State.CANCELLED)]
            if failed:
                self.finish(job, failed[0].state, error=failed[0].error)

    def finish(
        self, job: Job, state: State, *, result: Result | None = None, error: str | None = None
    ) -> None:
        """Close a job's procedure and enter a final state."""
        if job.state.is_final:
            return
        if job.procedure is not None:
            try:
                job.procedure.close()
            except Exception:  # it fails while it tidies up: its own affair
                log.exception("a job failed when it was closed: %s", job.spec)
        self.jobs.pop(job.key, None)
        job.end(state, result=result, error=error)
        self._ended(job)
        for view in [v for v in self.views.values() if v.left and v.done]:
            del self.views[view.session]
        self.changed.notify_all()


def _mark(job: Job, since: float) -> None:
    """Note since when nobody wants a job, nor what it alone needs: the earliest time counts.

    The run that is superseded leaves its view after the new one has given its jobs up.
    """
    job.abandoned_at = since if job.abandoned_at is None else min(job.abandoned_at, since)
    for needed in job.needs:
        if needed.watchers <= {job}:
            _mark(needed, since)
