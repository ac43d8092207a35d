"""The engine: one worker thread runs everybody's experiments, in turn, a quantum at a time.

Pages never compute: they watch. The same experiment asked for by many is computed once.
"""

import logging
import time
from collections.abc import Callable, Sequence
from threading import Condition, Lock, Thread

from advviz.compute.cache import MemoryCache
from advviz.compute.disk import DiskCache, default_folder
from advviz.compute.job import Job, State
from advviz.compute.keys import key_of
from advviz.compute.queue import next_job, turn_of, waiting_order
from advviz.compute.results import Results
from advviz.compute.stepping import step
from advviz.compute.store import ModelStore
from advviz.compute.view import GRACE, View
from advviz.errors import AdvvizError, CancelledError
from advviz.experiments.result import Result
from advviz.experiments.specs import Spec

QUANTUM = 0.5  # seconds of work before the queue is looked at again
CACHE_BYTES = 512 * 2**20
log = logging.getLogger(__name__)


class Engine:
    """Run specs on one worker thread, and let any number of threads watch.

    Args:
        store: gives a classifier for a model id; replaced in tests.
        cache_bytes: bound of the results kept in memory.
        use_shipped: whether results that ship with advviz count as known.
        disk: keeps results beyond the process; None keeps them in memory alone.
    """

    def __init__(
        self,
        store: ModelStore | None = None,
        cache_bytes: int = CACHE_BYTES,
        use_shipped: bool = True,
        disk: DiskCache | None = None,
    ) -> None:
        self.store = store or ModelStore()
        self.results = Results(MemoryCache(cache_bytes), use_shipped=use_shipped, disk=disk)
        self.changed = Condition()
        self._jobs: dict[str, Job] = {}  # open ones, by key
        self._views: dict[str, View] = {}  # the current one of each session
        self._thread: Thread | None = None
        self._closing = False

    def submit(
        self, spec: Spec, session: str = "", *, watcher: object | None = None, fresh: bool = False
    ) -> Job:
        """Ask for a result; at once if it is known, else as a job shared with all who ask.

        A spec that cannot be computed gives a failed job. Without a watcher the job runs to
        its end. A fresh job is computed although its result is known.
        """
        holder = object()  # watches the prerequisites until the job does
        try:
            key = key_of(spec)
            known = None if fresh else self.results.find(spec, key)
            if known is not None:
                return Job(spec, key, State.DONE, result=known)
            needs = tuple(
                self.submit(s, session, watcher=holder, fresh=fresh) for s in spec.prerequisites()
            )
        except AdvvizError as error:
            return Job(spec, "", State.FAILED, error=str(error))
        with self.changed:
            job = self._job(spec, key, session, needs, fresh)
            for needed in needs:
                needed.watchers.discard(holder)
            if not job.state.is_final:
                job.watchers.add(self if watcher is None else watcher)
                job.abandoned_at = None
                self._start()
            self.changed.notify_all()
            return job

    def _job(self, spec: Spec, key: str, session: str, needs: tuple[Job, ...], fresh: bool) -> Job:
        """Return the open job of a key, or make one; with the lock held."""
        if self._closing:
            return Job(spec, key, State.CANCELLED, error="the engine has been closed")
        if key in self._jobs:
            return self._jobs[key]
        known = None if fresh else self.results.memory.get(key)  # it may have ended a moment ago
        if known is not None:
            return Job(spec, key, State.DONE, result=known)
        turn = turn_of(session, self._jobs.values())
        job = self._jobs[key] = Job(spec, key, session=session, turn=turn, needs=needs)
        for needed in needs:
            needed.watchers.add(job)
        return job

    def watch(self, session: str, specs: Sequence[Spec], *, fresh: bool = False) -> View:
        """Open a session's view of some experiments, in the order in which they are wanted.

        A session has one view: the one before is superseded, and what it alone wanted is
        closed at the next step. Use it as a context manager: leaving it gives the jobs up,
        and those that nobody comes back to within a second are closed.
        """
        view = View(self, session)
        view.jobs = tuple(self.submit(spec, session, watcher=view, fresh=fresh) for spec in specs)
        with self.changed:
            old = self._views.get(session)
            self._views[session] = view
        if old is not None:
            self.release(old, grace=0.0)
        return view

    def stop(self, session: str) -> None:
        """Give up what a session is watching, at once."""
        view = self._views.get(session)
        if view is not None:
            self.release(view, grace=0.0)

    def peek(self, spec: Spec) -> Result | None:
        """Return a result if it is known; never computes.

        Raises:
            InvalidInputError: the spec names something that does not exist.
        """
        return self.results.find(spec, key_of(spec))

    def run(self, spec: Spec, report: Callable[[Job], None] | None = None) -> Result:
        """Compute a spec and wait for it.

        Args:
            spec: what to compute.
            report: called with the job whenever it has changed.

        Raises:
            AdvvizError: the computation failed; the message says why.
        """
        job = self.submit(spec)
        while not job.state.is_final:
            with self.changed:
                if not job.state.is_final:
                    self.changed.wait(0.25)
            if report is not None:
                report(job)
        if job.result is None:
            failure = CancelledError if job.state is State.CANCELLED else AdvvizError
            raise failure(job.error or "the computation was stopped")
        return job.result

    def open_jobs(self) -> tuple[Job, ...]:
        """List the jobs that are waiting or running, in the order of the queue."""
        with self.changed:
            return tuple(waiting_order(self._jobs.values()))

    def warm(self) -> None:
        """Start the worker, which loads torch, before anything is asked."""
        with self.changed:
            self._start()

    def close(self) -> None:
        """Stop the worker; jobs that are open are cancelled."""
        with self.changed:
            self._closing = True
            self.changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._work, name="advviz-engine", daemon=True)
            self._thread.start()

    def release(self, view: View, grace: float) -> None:
        """Give up what a view watches; what nobody comes back to in `grace` seconds is closed."""
        with self.changed:
            if self._views.get(view.session) is view and (view.done or grace == 0.0):
                del self._views[view.session]
            for job in view.jobs:
                job.watchers.discard(view)
                self._abandon(job, grace)
            self.changed.notify_all()

    def _abandon(self, job: Job, grace: float) -> None:
        if not job.watchers and not job.state.is_final:
            _mark(job, time.monotonic() + grace - GRACE)

    # The worker thread.

    def _work(self) -> None:
        try:
            self.store.prepare()
        except Exception:  # the jobs that need what is missing will say so
            log.exception("the engine could not prepare")
        while True:
            with self.changed:
                self._close_abandoned()
                job = None if self._closing else next_job(self._jobs.values())
                while job is None and not self._closing:
                    self.changed.wait(GRACE if self._jobs else None)
                    self._close_abandoned()
                    job = next_job(self._jobs.values())
                if job is None:  # closing
                    for open_job in list(self._jobs.values()):
                        self._finish(open_job, State.CANCELLED)
                    return
                job.state = State.RUNNING
                waiting_order(self._jobs.values())
                self.changed.notify_all()
            self._run_quantum(job)

    def _run_quantum(self, job: Job) -> None:
        ends = time.monotonic() + QUANTUM
        while True:
            begun = time.monotonic()
            try:
                result = step(job, self.store)
                error = None
                if result is not None:
                    self.results.keep(job.spec, job.key, result)
            except AdvvizError as failure:
                result, error = None, str(failure)
            except Exception as failure:
                log.exception("a job failed: %s", job.spec)
                result, error = (
                    None,
                    f"the computation failed ({type(failure).__name__}: {_line(failure)})",
                )
            with self.changed:
                job.seconds += time.monotonic() - begun
                if error is not None:
                    self._finish(job, State.FAILED, error=error)
                elif result is not None:
                    self._finish(job, State.DONE, result=result)
                else:
                    self._close_abandoned()
                self.changed.notify_all()
                if job.state.is_final or self._closing or time.monotonic() >= ends:
                    return

    def _close_abandoned(self) -> None:
        now = time.monotonic()
        for job in reversed(list(self._jobs.values())):  # what needs others comes after them
            if not job.watchers:
                since = job.abandoned_at = now if job.abandoned_at is None else job.abandoned_at
                if now >= since + GRACE:
                    self._finish(job, State.CANCELLED)
        for job in list(self._jobs.values()):
            failed = [n for n in job.needs if n.state in (State.FAILED, State.CANCELLED)]
            if failed:
                self._finish(job, failed[0].state, error=failed[0].error)

    def _finish(
        self, job: Job, state: State, *, result: Result | None = None, error: str | None = None
    ) -> None:
        if job.state.is_final:
            return
        if job.procedure is not None:
            try:
                job.procedure.close()
            except Exception:  # it fails while it tidies up: its own affair
                log.exception("a job failed when it was closed: %s", job.spec)
        self._jobs.pop(job.key, None)
        job.end(state, result=result, error=error)
        for view in [v for v in self._views.values() if v.left and v.done]:
            del self._views[view.session]
        self.changed.notify_all()


def _mark(job: Job, since: float) -> None:
    """Note since when nobody wants a job, nor what it alone needs."""
    job.abandoned_at = since
    for needed in job.needs:
        if needed.watchers <= {job}:
            _mark(needed, since)


def _line(failure: Exception) -> str:
    """Return the first line of what an exception says."""
    return str(failure).partition("\n")[0].strip()


_engine: Engine | None = None
_engine_lock = Lock()


def engine() -> Engine:
    """Return the process's engine; it starts at the first job."""
    global _engine  # the one home of the engine: no client can clear it
    with _engine_lock:
        if _engine is None:
            _engine = Engine(disk=DiskCache(default_folder()))
        return _engine
