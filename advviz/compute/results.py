"""The results that are known: in memory, shipped with advviz, or on disk."""

from threading import Lock

from advviz.compute import shipped
from advviz.compute.cache import MemoryCache
from advviz.compute.counters import Counters
from advviz.compute.disk import DiskCache, Usage
from advviz.experiments.protocol import Spec
from advviz.experiments.references import is_personal
from advviz.experiments.result import Result

MEASURED_EVERY = 30.0  # seconds: measuring the folder looks at every file


class Results:
    """Find results, and keep new ones.

    Args:
        memory: first to be asked.
        use_shipped: whether results that ship with advviz count as known.
        disk: keeps results beyond the process, but for those of uploads; None keeps none.
    """

    def __init__(self, memory: MemoryCache, *, use_shipped: bool, disk: DiskCache | None) -> None:
        self.memory, self.disk = memory, disk
        self._use_shipped = use_shipped
        self._usage: tuple[float, Usage] | None = None
        self._lock = Lock()

    def find(self, spec: Spec, key: str, counters: Counters | None = None) -> Result | None:
        """Return a result from the nearest place that has it, and count where that was."""
        place, result = "memory", self.memory.get(key)
        if result is None and self._use_shipped:
            place, result = "shipped", shipped.read(spec)
        if result is None and self.disk is not None:
            place, result = "disk", self.disk.get(key)
        if counters is not None:
            counters.add("missed" if result is None else place)
        if result is not None and place != "memory":
            self.memory.put(key, result)
        return result

    def keep(self, spec: Spec, key: str, result: Result) -> None:
        """Keep a new result; an upload's pixels never reach the disk."""
        if self.disk is not None and not is_personal(spec):
            self.disk.put(key, result)
        self.memory.put(key, result)

    def usage(self, now: float) -> Usage | None:
        """Return what the disk holds, measured at most 30 seconds ago; None without a disk.

        Args:
            now: seconds on a clock that never goes back.
        """
        if self.disk is None:
            return None
        with self._lock:
            if self._usage is None or now >= self._usage[0] + MEASURED_EVERY:
                self._usage = now, self.disk.usage()
            return self._usage[1]
