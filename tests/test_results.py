"""Results, and how many of them stay in memory."""

import numpy as np
import torch
from engine_toys import result

from advviz.compute.cache import MemoryCache
from advviz.experiments.result import Result


def test_a_result_owns_its_memory():
    """What it was made of may change afterwards."""
    array, tensor = np.zeros(3), torch.zeros(3)
    frozen = Result.of({"a": array, "t": tensor}, {})
    array += 1
    tensor += 1
    assert not frozen.arrays["a"].any()
    assert not frozen.arrays["t"].any()


def test_the_cache_is_bounded_by_bytes_and_forgets_the_least_recently_used():
    """Looking is using."""
    cache = MemoryCache(limit=80 * 3)
    for name in "abc":
        cache.put(name, result(size=10))
    assert cache.get("a") is not None
    cache.put("d", result(size=10))
    assert [name for name in "abcd" if cache.get(name)] == ["a", "c", "d"]
    assert cache.nbytes == 240
    cache.put("e", result(size=15))
    assert [name for name in "acde" if cache.get(name)] == ["d", "e"]
    assert cache.nbytes == 200
    assert len(cache) == 2


def test_a_result_over_the_limit_is_not_kept_and_drives_nobody_out():
    """The others stay."""
    cache = MemoryCache(limit=100)
    cache.put("small", result(size=10))
    cache.put("large", result(size=100))
    assert cache.get("large") is None
    assert cache.get("small") is not None
    assert cache.nbytes == 80


def test_replacing_a_result_counts_its_bytes_once():
    """The same key again."""
    cache = MemoryCache(limit=1000)
    for size in (10, 20, 5):
        cache.put("a", result(size=size))
        assert cache.nbytes == 8 * size
    assert len(cache) == 1
