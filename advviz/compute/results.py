"""The results that are known: in memory, shipped with advviz, or on disk."""

from advviz.compute import shipped
from advviz.compute.cache import MemoryCache
from advviz.compute.disk import DiskCache
from advviz.experiments.result import Result
from advviz.experiments.specs import Spec, is_personal


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

    def find(self, spec: Spec, key: str) -> Result | None:
        """Return a result from the nearest place that has it."""
        result = self.memory.get(key)
        if result is not None:
            return result
        if self._use_shipped:
            result = shipped.read(spec)
        if result is None and self.disk is not None:
            result = self.disk.get(key)
        if result is not None:
            self.memory.put(key, result)
        return result

    def keep(self, spec: Spec, key: str, result: Result) -> None:
        """Keep a new result; an upload's pixels never reach the disk."""
        if self.disk is not None and not is_personal(spec):
            self.disk.put(key, result)
        self.memory.put(key, result)
