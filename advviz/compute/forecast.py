"""When open jobs will be served and end, if nobody asks for anything more."""

import heapq
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

from advviz.compute.job import Job
from advviz.compute.queue import SHORT, Rank, rank
from advviz.compute.timings import Timings

EVERY = 0.5  # seconds for which a forecast serves everybody who looks


@dataclass(frozen=True, slots=True)
class Expected:
    """Seconds from now; None where nothing is known."""

    start: float | None = None
    end: float | None = None


class Forecast:
    """One forecast for all who watch, made anew at most twice a second.

    Args:
        timings: what like jobs took.
        jobs: lists the open jobs.
        clock: tells the time in seconds.
    """

    def __init__(
        self,
        timings: Timings,
        jobs: Callable[[], Sequence[Job]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timings, self._jobs, self._clock = timings, jobs, clock
        self._expected: dict[str, Expected] = {}
        self._until = float("-inf")
        self._lock = Lock()

    def of(self, job: Job) -> Expected:
        """Say when a job will be served and end."""
        with self._lock:
            now = self._clock()
            if now >= self._until:
                self._expected = foresee(self._jobs(), self._timings)
                self._until = now + EVERY
            return self._expected.get(job.key, Expected())


def foresee(jobs: Sequence[Job], timings: Timings) -> dict[str, Expected]:
    """Serve the open jobs in thought, in the order of the queue.

    A job past its two seconds goes behind the shorter ones; one that needs others waits for
    them. After a job of which nothing is known, nothing is.

    Returns:
        What to expect, by the jobs' keys.
    """
    left = {job.key: timings.left(job) for job in jobs}
    missing = {job.key: {need.key for need in job.needs if need.key in left} for job in jobs}
    dependants: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        for key in missing[job.key]:
            dependants[key].append(job)
    ready: list[tuple[Rank, Job]] = [(rank(job), job) for job in jobs if not missing[job.key]]
    heapq.heapify(ready)
    starts: dict[str, float] = {}
    ends: dict[str, float] = {}
    now = 0.0
    while ready:
        (_, is_long, _, _), job = heapq.heappop(ready)
        starts.setdefault(job.key, now)
        wanted = left[job.key]
        if wanted is None:
            break
        served = wanted if is_long else min(wanted, max(SHORT - job.seconds, 0.0))
        now += served
        if served < wanted:
            left[job.key] = wanted - served
            heapq.heappush(ready, (rank(job, is_long=True), job))
            continue
        ends[job.key] = now
        for dependant in dependants[job.key]:
            missing[dependant.key].discard(job.key)
            if not missing[dependant.key]:
                heapq.heappush(ready, (rank(dependant), dependant))
    return {job.key: Expected(starts.get(job.key), ends.get(job.key)) for job in jobs}
