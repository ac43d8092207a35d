"""Times that can be compared: everybody in one process, in turn, again and again."""

import time
from collections.abc import Callable, Iterable, Mapping
from statistics import median
from typing import TypeVar

T = TypeVar("T")


def seconds(function: Callable[[], object]) -> float:
    """Measure one call."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def interleaved(contestants: Mapping[str, Callable[[], T]], repeats: int) -> dict[str, list[T]]:
    """Call everybody once for nothing, then in turn, each round begun by another one.

    Args:
        contestants: what to call, by name.
        repeats: rounds that count.

    Returns:
        What the calls returned, one entry a round.
    """
    names = list(contestants)
    for name in names:
        contestants[name]()
    returned: dict[str, list[T]] = {name: [] for name in names}
    for number in range(repeats):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            returned[name].append(contestants[name]())
    return returned


def milliseconds(times: Iterable[float]) -> str:
    """Write a median down."""
    return f"{1000 * median(times):.1f}"


def spread(slower: Iterable[float], faster: Iterable[float]) -> str:
    """Write down by how much one is faster: ratio of the medians, and the rounds' range."""
    slow, fast = list(slower), list(faster)
    rounds = [s / f for s, f in zip(slow, fast, strict=True)]
    return f"{median(slow) / median(fast):.2f} ({min(rounds):.2f} to {max(rounds):.2f})"
