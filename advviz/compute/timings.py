"""How long jobs take: learnt from those that have ended, and from a job's own pace."""

from collections import OrderedDict, deque
from math import prod
from statistics import median
from threading import Lock

from advviz.compute.job import Job
from advviz.experiments.protocol import Spec

KEPT = 15
"""Ended jobs of a sort that are remembered."""
SORTS = 256
"""Sorts of jobs that are remembered, the least recently learnt leaving first."""
COUNTS = ("steps", "restarts", "samples", "draws")
"""Fields that multiply the work of a spec."""

Sort = tuple[str, str, str, str]


class Timings:
    """What jobs of a sort took, in worker seconds for each step that their specs ask for."""

    def __init__(self) -> None:
        self._known: OrderedDict[Sort, deque[float]] = OrderedDict()
        self._lock = Lock()

    def learn(self, job: Job) -> None:
        """Remember what a job took that has been computed.

        Its first answer counts as any other: the time that it took may have loaded the model.
        """
        seconds = job.seconds
        if job.steps > 1:
            seconds = (seconds - job.first) * job.steps / (job.steps - 1)
        with self._lock:
            known = self._known.setdefault(_sort(job.spec), deque(maxlen=KEPT))
            known.append(seconds / amount(job.spec))
            self._known.move_to_end(_sort(job.spec))
            while len(self._known) > SORTS:
                self._known.popitem(last=False)

    def left(self, job: Job) -> float | None:
        """Estimate the worker seconds that an open job still needs.

        What like jobs took counts less, and the job's own pace more, the further it has come.

        Returns:
            None where neither is known, or where it has outlasted all that are known.
        """
        learnt, paced = self._learnt(job), _paced(job)
        if paced is None:
            return learnt
        left, share = paced
        return left if learnt is None else share * left + (1 - share) * learnt

    def _learnt(self, job: Job) -> float | None:
        with self._lock:
            known = tuple(self._known.get(_sort(job.spec), ()))
        took = [seconds * amount(job.spec) for seconds in known]
        longer = [seconds for seconds in took if seconds > job.seconds]
        return median(longer) - job.seconds if longer else None


def amount(spec: Spec) -> int:
    """Return how many steps a spec asks for; 1 where it does not say.

    A spec whose steps are of several sorts says itself how many its progress will count.
    """
    if told := int(getattr(spec, "amount", 0)):
        return told
    plain = getattr(spec, "method", "") == "gradient"  # it has samples, but draws none
    names = [name for name in COUNTS if not (plain and name == "samples")]
    return max(1, prod(int(getattr(spec, name, 1)) for name in names))


def _sort(spec: Spec) -> Sort:
    return spec.kind, str(getattr(spec, "method", "")), spec.model, spec.numerics


def _paced(job: Job) -> tuple[float, float] | None:
    """Return the seconds left at a job's own pace, and the share that is done.

    The first answer sets no pace, and neither do the steps of a part of the work, such as
    one of several restarts.
    """
    _, done, total = job.progress or ("", 0, None)
    measured = job.seconds - job.first
    if not total or not done or job.steps < 2 or measured <= 0:
        return None
    if amount(job.spec) not in (1, total):
        return None
    timed = done * (job.steps - 1) / job.steps
    return max(total - done, 0) * measured / timed, min(done / total, 1.0)
