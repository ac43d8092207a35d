"""Drawings that are kept: a class looks at the same ones, and each is drawn once."""

import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar

from advviz.experiments.result import Result

Drawn = TypeVar("Drawn")
Marks = tuple[weakref.ref[Any], ...]


class Kept(Generic[Drawn]):
    """A bounded memory of what was drawn from results, safe for several threads.

    It keeps drawings, not results: a result that is gone, or was computed again, is drawn again.

    Args:
        limit: drawings that may stay; the least recently used leave first.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._drawn: OrderedDict[Hashable, tuple[Marks, Drawn]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, results: Sequence[Result], draw: Callable[[], Drawn]) -> Drawn:
        """Return a drawing of these very results, drawn now unless it is kept.

        Args:
            key: all else that the drawing depends on, and which results these are.
            results: what is drawn.
            draw: makes the drawing.
        """
        found = [next(iter(result.arrays.values())) for result in results]
        with self._lock:
            marks, drawn = self._drawn.get(key, (None, None))
            if marks is not None and drawn is not None and _same(marks, found):
                self._drawn.move_to_end(key)
                return drawn
        drawn = draw()
        with self._lock:
            self._drawn[key] = tuple(map(weakref.ref, found)), drawn
            self._drawn.move_to_end(key)
            while len(self._drawn) > self._limit:
                self._drawn.popitem(last=False)
        return drawn


def _same(marks: Marks, found: Sequence[Any]) -> bool:
    return len(marks) == len(found) and all(
        mark() is array for mark, array in zip(marks, found, strict=True)
    )
