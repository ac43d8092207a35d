"""Who is next: first come, first served, but long jobs behind newer short ones."""

from collections.abc import Collection, Iterable

from advviz.compute.job import Job, State

SHORT = 2.0
"""Seconds of work after which a job goes behind newer, shorter ones."""


def turn_of(session: str, jobs: Collection[Job]) -> int:
    """Return the turn of a session's new job, given the open ones.

    It comes after the session's own, and not before the turn that is being served.
    """
    now = min((job.turn for job in jobs if job.seconds <= SHORT), default=0)
    own = max((job.turn + 1 for job in jobs if job.session == session), default=0)
    return max(now, own)


def waiting_order(jobs: Iterable[Job]) -> list[Job]:
    """Sort open jobs as they will be served and number those that wait.

    Among equals the first of every session goes before the second of any.
    """
    served = sorted(jobs, key=lambda job: (job.seconds > SHORT, job.turn, job.arrival))
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
