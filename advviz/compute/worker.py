"""The thread that computes: it advances the first jobs of the queue, a quantum at a time."""

import logging
import os
import sys
import threading
import time
from threading import Thread

from advviz.compute.counters import Counters
from advviz.compute.desk import Desk
from advviz.compute.job import Job, State
from advviz.compute.queue import gives_way, next_crew, waiting_order
from advviz.compute.results import Results
from advviz.compute.stepping import Outcome, step
from advviz.compute.store import ModelStore
from advviz.compute.view import GRACE
from advviz.errors import AdvvizError
from advviz.experiments.result import Result

NICENESS = 5  # more than usual: a third of the weight of the threads that serve pages
QUANTUM = 0.5  # seconds of work before the queue is looked at again
log = logging.getLogger(__name__)


class Worker(Thread):
    """Owns the device: all models are asked, and all procedures stepped and closed, in it.

    Args:
        desk: the open jobs.
        store: answers.
        results: keeps what is done.
        counters: told of the work.
    """

    def __init__(self, desk: Desk, store: ModelStore, results: Results, counters: Counters) -> None:
        super().__init__(name="advviz-engine", daemon=True)
        self._desk, self._store = desk, store
        self._results, self._counters = results, counters

    def run(self) -> None:
        """Work until the desk closes; then cancel what is open."""
        _give_way()
        try:
            self._store.prepare()
        except Exception:  # the jobs that need what is missing will say so
            log.exception("the engine could not prepare")
        desk = self._desk
        while True:
            with desk.changed:
                crew = self._crew()
                while not crew and not desk.closing:
                    desk.changed.wait(GRACE if desk.jobs else None)
                    crew = self._crew()
                if desk.closing:
                    for job in list(desk.jobs.values()):
                        desk.finish(job, State.CANCELLED)
                    return
                for job in crew:
                    job.state = State.RUNNING
                waiting_order(desk.jobs.values())
                desk.changed.notify_all()
            self._run_quantum(crew)

    def _crew(self) -> list[Job]:
        self._desk.close_abandoned()
        return next_crew(self._desk.jobs.values(), self._store.merges)

    def _run_quantum(self, crew: list[Job]) -> None:
        desk = self._desk
        # Where jobs advance together, whoever has come joins at the next step.
        ends = time.monotonic() + (0.0 if self._store.merges else QUANTUM)
        while True:
            begun = time.monotonic()
            done_before = [(job.steps, job.rows) for job in crew]
            outcomes = [
                self._kept(*found) for found in zip(crew, step(crew, self._store), strict=True)
            ]
            with desk.changed:
                share = (time.monotonic() - begun) / len(crew)
                for job, before, outcome in zip(crew, done_before, outcomes, strict=True):
                    self._count(job, share, *before)
                    if isinstance(outcome, Result):
                        desk.finish(job, State.DONE, result=outcome)
                    elif outcome is not None:
                        desk.finish(job, State.FAILED, error=outcome)
                desk.close_abandoned()
                # Nobody is woken: a view looks by itself, at its own calm pace.
                crew = [job for job in crew if not job.state.is_final]
                if desk.closing or not crew or time.monotonic() >= ends:
                    return
                if gives_way(crew[0], desk.jobs.values()):
                    return

    def _kept(self, job: Job, outcome: Outcome) -> Result | str | None:
        """Keep a result; turn what ended a job into one sentence."""
        try:
            if isinstance(outcome, Result) and not job.degraded:
                self._results.keep(job.spec, job.key, outcome)
            if not isinstance(outcome, Exception):
                return outcome
            raise outcome
        except AdvvizError as failure:
            return str(failure)
        except Exception as failure:
            log.exception("a job failed: %s", job.spec)
            return f"the computation failed ({type(failure).__name__}: {_line(failure)})"

    def _count(self, job: Job, seconds: float, steps: int, rows: int) -> None:
        """Add what a step took to the job's time and to the counters."""
        job.seconds += seconds
        if steps == 0:
            job.first = job.seconds
        self._counters.worked(time.monotonic(), seconds, job.steps - steps, job.rows - rows)


def _give_way() -> None:
    """Let pages be served first: this thread, and those that it starts, take what is left.

    Linux weighs threads one by one; elsewhere the whole process would be slowed, so nothing is
    done there.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        usual = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, min(usual + NICENESS, 19))


def _line(failure: Exception) -> str:
    """Return the first line of what an exception says."""
    return str(failure).partition("\n")[0].strip()
