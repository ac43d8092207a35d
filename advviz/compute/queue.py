"""Who is next: first come, first served, but long jobs behind newer short ones, bulk work last."""

from collections.abc import Collection, Iterable

from advviz.compute.job import Job, State, arrived

SHORT = 2.0
"""Seconds of work after which a job goes behind newer, shorter ones."""

Rank = tuple[bool, bool, int, int]


class Watcher:
    """Wants a job for no page in particular: as a prerequisite, or ahead of its use.

    Args:
        background: it can wait; what it alone wants is served after everything else.
    """

    def __init__(self, background: bool) -> None:
        self.background = background


def rank(job: Job, is_long: bool | None = None) -> Rank:
    """Return what the queue is sorted by: the smallest is served first.

    Args:
        job: an open one.
        is_long: take it as past its two seconds, or not; by default, as it is.
    """
    past = job.seconds > SHORT if is_long is None else is_long
    return job.background, past, job.turn, job.arrival


def turn_of(session: str, jobs: Collection[Job], background: bool = False) -> int:
    """Return the turn of a session's new job, given the open ones.

    It comes after the session's own, and not before the turn that is being served; jobs in
    the background and others do not count for each other.
    """
    lane = [job for job in jobs if job.background == background]
    now = min((job.turn for job in lane if job.seconds <= SHORT), default=0)
    own = max((job.turn + 1 for job in lane if job.session == session), default=0)
    return max(now, own)


def settle(job: Job, session: str, jobs: Collection[Job]) -> None:
    """Put a job, and what it needs, where those who watch it belong.

    A job in the background that somebody now waits for takes the turn of a new one; one that
    is left to those who can wait goes back.

    Args:
        job: its watchers have changed.
        session: who asks now.
        jobs: all that are open.
    """
    if not job.watchers:
        return
    background = all(getattr(watcher, "background", False) for watcher in job.watchers)
    if job.background and not background:
        job.session, job.turn, job.arrival = session, turn_of(session, jobs), arrived()
    job.background = background
    for needed in job.needs:
        settle(needed, session, jobs)


def gives_way(job: Job, jobs: Iterable[Job]) -> bool:
    """Say whether a job must not even finish its quantum, for somebody waits."""
    return job.background and any(not other.background for other in jobs)


def waiting_order(jobs: Iterable[Job]) -> list[Job]:
    """Sort open jobs as they will be served and number those that wait.

    Among equals the first of every session goes before the second of any.
    """
    served = sorted(jobs, key=rank)
    for position, job in enumerate(served):
        job.position = position
    return served


def next_crew(jobs: Iterable[Job], merging: bool) -> list[Job]:
    """Return the jobs to advance: the first whose prerequisites have their results.

    Args:
        jobs: all that are open.
        merging: answers can be merged; then all short jobs about the same model advance
            together with the first one, if it is short itself.
    """
    ready = [
        job
        for job in waiting_order(jobs)
        if all(needed.state is State.DONE for needed in job.needs)
    ]
    if not merging or not ready or ready[0].seconds > SHORT:
        return ready[:1]
    first = ready[0]
    return [job for job in ready if _lane(job) == _lane(first)]


def _lane(job: Job) -> tuple[str, str, bool, bool]:
    """Return what the jobs of a crew have in common."""
    return job.spec.model, job.spec.numerics, job.background, job.seconds > SHORT
