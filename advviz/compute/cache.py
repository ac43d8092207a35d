"""Results in memory, bounded by bytes, the least recently used leaving first."""

from collections import OrderedDict
from threading import Lock

from advviz.experiments.result import Result


class MemoryCache:
    """A bounded mapping from keys to results, safe for several threads.

    Args:
        limit: bytes of arrays that may stay.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._bytes = limit, 0
        self._results: OrderedDict[str, Result] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> Result | None:
        """Return a result and mark it as used."""
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

    def put(self, key: str, result: Result) -> None:
        """Keep a result; older ones leave to make room, and one over the limit is not kept."""
        with self._lock:
            if result.nbytes > self._limit:
                return
            old = self._results.pop(key, None)
            self._bytes += result.nbytes - (old.nbytes if old else 0)
            self._results[key] = result
            while self._bytes > self._limit:
                _, dropped = self._results.popitem(last=False)
                self._bytes -= dropped.nbytes

    @property
    def limit(self) -> int:
        """Return how many bytes may be kept."""
        return self._limit

    @property
    def nbytes(self) -> int:
        """Count the bytes that are kept."""
        return self._bytes

    def __len__(self) -> int:
        """Count the results that are kept."""
        return len(self._results)
