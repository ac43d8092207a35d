"""What the engine has done since it was made, counted as it happens."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from types import MappingProxyType

MINUTE = 60

PLACES = ("memory", "shipped", "disk")
"""Where a known result was found."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What has happened since the engine was made.

    Args:
        found: results that were known when a page or a person asked, by place.
        missed: results that were asked for and not known.
        joined: of them, those that were already waiting or being computed.
        computed: jobs that ended with a result.
        failed: jobs that ended with an error.
        cancelled: jobs that nobody wanted any more.
        steps: questions that models have answered.
        rows: pictures in these questions.
        busy: seconds that the worker has worked.
    """

    found: Mapping[str, int]
    missed: int
    joined: int
    computed: int
    failed: int
    cancelled: int
    steps: int
    rows: int
    busy: float

    @property
    def asked(self) -> int:
        """Count the results that were asked for."""
        return sum(self.found.values()) + self.missed

    @property
    def hit_rate(self) -> float | None:
        """Return the share that needed no computation of its own; None before the first."""
        return 1 - (self.missed - self.joined) / self.asked if self.asked else None


@dataclass(frozen=True, slots=True)
class Throughput:
    """What the worker did in the last minute, or since the start if that is less.

    Args:
        steps: questions answered a second.
        rows: pictures in them a second.
        busy: share of the time in [0, 1] that the worker worked.
    """

    steps: float
    rows: float
    busy: float


class Counters:
    """Counts that several threads add to.

    Args:
        now: seconds on a clock that never goes back; all later times are by the same one.
    """

    def __init__(self, now: float) -> None:
        self._since = now
        self._counts: Counter[str] = Counter()
        self._busy = 0.0
        self._seconds: deque[tuple[int, int, int, float]] = deque()  # second, steps, rows, busy
        self._lock = Lock()

    def add(self, name: str) -> None:
        """Count one: a place of `PLACES`, missed, joined, or the state in which a job ended."""
        with self._lock:
            self._counts[name] += 1

    def worked(self, now: float, seconds: float, steps: int, rows: int) -> None:
        """Count what the worker has just done, in this many seconds."""
        with self._lock:
            self._counts["steps"] += steps
            self._counts["rows"] += rows
            self._busy += seconds
            if self._seconds and self._seconds[-1][0] == int(now):
                _, more_steps, more_rows, more = self._seconds.pop()
                steps, rows, seconds = steps + more_steps, rows + more_rows, seconds + more
            self._seconds.append((int(now), steps, rows, seconds))
            self._forget(now)

    def counts(self) -> Counts:
        """Return what has happened so far."""
        with self._lock:
            n = self._counts
            return Counts(
                found=MappingProxyType({place: n[place] for place in PLACES}),
                missed=n["missed"],
                joined=n["joined"],
                computed=n["done"],
                failed=n["failed"],
                cancelled=n["cancelled"],
                steps=n["steps"],
                rows=n["rows"],
                busy=self._busy,
            )

    def throughput(self, now: float) -> Throughput:
        """Measure the last minute."""
        with self._lock:
            self._forget(now)
            time = min(max(now - self._since, 1.0), MINUTE)
            steps, rows, busy = (sum(second[i] for second in self._seconds) for i in (1, 2, 3))
            return Throughput(steps / time, rows / time, min(busy / time, 1.0))

    def uptime(self, now: float) -> float:
        """Return the seconds since the counting began."""
        return now - self._since

    def _forget(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] <= int(now) - MINUTE:
            self._seconds.popleft()
