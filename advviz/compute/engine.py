"""The engine: one worker thread runs everybody's experiments, in turn, a quantum at a time.

Pages never compute: they watch. The same experiment asked for by many is computed once.
"""

import time
from collections.abc import Callable, Sequence
from threading import Lock

from advviz.compute.cache import MemoryCache
from advviz.compute.counters import Counters
from advviz.compute.desk import Desk
from advviz.compute.disk import DiskCache, default_folder
from advviz.compute.forecast import Expected, Forecast
from advviz.compute.job import Job, State
from advviz.compute.keys import key_of
from advviz.compute.queue import Watcher, settle, waiting_order
from advviz.compute.results import Results
from advviz.compute.status import EngineStatus, describe
from advviz.compute.store import ModelStore
from advviz.compute.timings import Timings
from advviz.compute.view import View
from advviz.compute.worker import Worker
from advviz.errors import AdvvizError, CancelledError
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result
from advviz.models.registry import registry

CACHE_BYTES = 512 * 2**20


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
        self.counters, self.timings = Counters(time.monotonic()), Timings()
        self.forecast = Forecast(self.timings, self.open_jobs)
        self._desk = Desk(self._ended)
        self._worker: Worker | None = None

    def submit(
        self,
        spec: Spec,
        session: str = "",
        *,
        watcher: object | None = None,
        fresh: bool = False,
        background: bool = False,
    ) -> Job:
        """Ask for a result; at once if it is known, else as a job shared with all who ask.

        A spec that cannot be computed gives a failed job. Without a watcher the job runs to
        its end. A fresh job is computed although its result is known. One in the background
        is served after everything that somebody waits for, until somebody waits for it too.
        """
        holder = Watcher(background)  # watches the prerequisites until the job does
        uncounted = fresh or background or isinstance(watcher, Watcher)
        counters = None if uncounted else self.counters
        try:
            key = key_of(spec)
            known = None if fresh else self.results.find(spec, key, counters)
            if known is not None:
                return Job(spec, key, State.DONE, result=known)
            needs = tuple(
                self.submit(s, session, watcher=holder, fresh=fresh, background=background)
                for s in spec.prerequisites()
            )
        except AdvvizError as error:
            return Job(spec, "", State.FAILED, error=str(error))
        with self._desk.changed:
            if key in self._desk.jobs and counters is not None:
                counters.add("joined")
            # It may have ended a moment ago.
            known = None if fresh or key in self._desk.jobs else self.results.memory.get(key)
            if known is not None:
                job = Job(spec, key, State.DONE, result=known)
            else:
                new = Job(spec, key, session=session, needs=needs, background=background)
                job = self._desk.open(new)
            for needed in needs:
                needed.watchers.discard(holder)
            if not job.state.is_final:
                job.watchers.add(Watcher(background) if watcher is None else watcher)
                job.abandoned_at = None
                settle(job, session, self._desk.jobs.values())
                self._start()
            self._desk.changed.notify_all()
            return job

    def watch(
        self, session: str, specs: Sequence[Spec], *, fresh: bool = False, background: bool = False
    ) -> View:
        """Open a session's view of some experiments, in the order in which they are wanted.

        A session has one view: the one before is superseded, and what it alone wanted is
        closed at the next step. Use it as a context manager: leaving it gives the jobs up,
        and those that nobody comes back to within a second are closed.
        """
        view = View(self._desk, session, background)
        view.jobs = tuple(
            self.submit(spec, session, watcher=view, fresh=fresh, background=background)
            for spec in specs
        )
        with self._desk.changed:
            old = self._desk.show(view)
        if old is not None:
            self._desk.release(old, grace=0.0)
        return view

    def stop(self, session: str) -> None:
        """Give up what a session is watching, at once."""
        view = self._desk.views.get(session)
        if view is not None:
            self._desk.release(view, grace=0.0)

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
            with self._desk.changed:
                if not job.state.is_final:
                    self._desk.changed.wait(0.25)
            if report is not None:
                report(job)
        if job.result is None:
            failure = CancelledError if job.state is State.CANCELLED else AdvvizError
            raise failure(job.error or "the computation was stopped")
        return job.result

    def open_jobs(self) -> tuple[Job, ...]:
        """List the jobs that are waiting or running, in the order of the queue."""
        with self._desk.changed:
            return tuple(waiting_order(self._desk.jobs.values()))

    def expected(self, job: Job) -> Expected:
        """Estimate when an open job will be served and end, from what like jobs took."""
        return self.forecast.of(job)

    def status(self) -> EngineStatus:
        """Describe the engine at this moment: counts and kinds, nothing that is anybody's own."""
        with self._desk.changed:
            jobs = tuple(self._desk.jobs.values())
            watching = sum(not view.left for view in self._desk.views.values())
            worker = None if self._worker is None else self._worker.is_alive()
        return describe(
            self.store, self.results, self.counters, jobs, watching, worker, time.monotonic()
        )

    def warm(self) -> None:
        """Start the worker, which loads torch, before anything is asked."""
        with self._desk.changed:
            self._start()

    def close(self) -> None:
        """Stop the worker; jobs that are open are cancelled."""
        with self._desk.changed:
            self._desk.closing = True
            self._desk.changed.notify_all()
        if self._worker is not None:
            self._worker.join()

    def _start(self) -> None:
        if self._worker is None:
            registry().close()
            self._worker = Worker(self._desk, self.store, self.results, self.counters)
            self._worker.start()

    def _ended(self, job: Job) -> None:
        self.counters.add(job.state.value)
        if job.state is State.DONE:
            self.timings.learn(job)


_engine: Engine | None = None
_engine_lock = Lock()


def engine() -> Engine:
    """Return the process's engine; it starts at the first job."""
    global _engine  # the one home of the engine: no client can clear it
    with _engine_lock:
        if _engine is None:
            _engine = Engine(disk=DiskCache(default_folder()))
        return _engine
