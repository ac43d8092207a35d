"""Who is next: first come, first served, but long jobs behind newer short ones."""

from collections import Counter
from collections.abc import Iterable

from advviz.compute.job import Job, State

SHORT = 2.0
"""Seconds of work after which a job goes behind newer, shorter ones."""


def waiting_order(jobs: Iterable[Job]) -> list[Job]:
    """Sort open jobs as they will be served and number those that wait.

    Among equals the first of every session goes before the second of any.
    """
    ranks: Counter[str] = Counter()
    order: dict[Job, tuple[bool, int, int]] = {}
    for job in sorted(jobs, key=lambda j: j.arrival):
        order[job] = (job.seconds > SHORT, ranks[job.session], job.arrival)
        if job.state is not State.RUNNING:
            ranks[job.session] += 1
    served = sorted(order, key=order.__getitem__)
    for position, job in enumerate(served):
        job.position = position
    return served


def next_job(jobs: Iterable[Job]) -> Job | None:
    """Return the job to work on: the first whose prerequisites have their results."""
    ready = (
        job
        for job in waiting_order(jobs)
        if all(needed.state is State.DONE for needed in job.needs)
    )
    return next(ready, None)
