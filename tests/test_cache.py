"""The cache serves what was put into it, or nothing: never something else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from advviz.compute.cache import MemoryCache
from advviz.compute.disk import DiskCache
from advviz.compute.files import DamagedFileError, from_bytes, to_bytes
from advviz.experiments.result import Result

KEY = "ab" * 20
OTHER = "cd" * 20


def result(number: int = 1, count: int = 1000) -> Result:
    array = np.arange(count, dtype=np.float32) + number
    return Result.of({"array": array, "flags": np.array([True, False])}, {"number": number})


@pytest.fixture
def cache(tmp_path):
    return DiskCache(tmp_path / "results")


def test_a_result_comes_back_bit_for_bit_and_read_only(cache):
    cache.put(KEY, result())
    found = cache.get(KEY)
    assert found.facts == result().facts
    for name, array in result().arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].tobytes() == array.tobytes()
        with pytest.raises(ValueError, match="read-only"):
            found.arrays[name][0] = 0


def test_what_was_never_put_is_none(cache):
    assert cache.get(KEY) is None
    assert cache.usage().results == 0


def test_one_flipped_bit_anywhere_makes_a_file_damaged():
    data = to_bytes(result(count=3))
    for place in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit
            with pytest.raises(DamagedFileError):
                from_bytes(bytes(flipped))


def test_a_file_that_was_cut_short_anywhere_is_damaged():
    data = to_bytes(result(count=3))
    for length in range(len(data)):
        with pytest.raises(DamagedFileError):
            from_bytes(data[:length])


@pytest.mark.parametrize("damage", [b"", b"<html>404</html>", to_bytes(result())[:-7]])
def test_a_damaged_file_is_no_hit_and_is_removed(cache, damage):
    cache.put(KEY, result())
    (path,) = cache.folder.glob("??/*.safetensors")
    path.write_bytes(damage)
    assert cache.get(KEY) is None
    assert not path.exists()


def test_verify_removes_the_damaged_and_keeps_the_others(cache):
    cache.put(KEY, result(1))
    cache.put(OTHER, result(2))
    path = next(cache.folder.glob(f"??/{KEY}*"))
    path.write_bytes(path.read_bytes()[:-1])
    assert cache.verify() == (1, 1)
    assert cache.get(OTHER).facts["number"] == 2


def test_the_least_recently_used_leave_when_the_folder_is_full(tmp_path):
    size = len(to_bytes(result()))
    cache = DiskCache(tmp_path, limit=4 * size)
    keys = [f"{number:040d}" for number in range(8)]
    for age, key in enumerate(keys):
        cache.put(key, result(age))
        path = next(tmp_path.glob(f"??/{key}*"))
        os.utime(path, (age + 1, age + 1))
        if age == 3:
            assert cache.get(keys[0]) is not None  # used: now the most recent of all
    kept = [key for key in keys if cache.get(key) is not None]
    assert keys[0] in kept
    assert cache.usage().bytes <= 4 * size


def test_clearing_leaves_nothing(cache):
    cache.put(KEY, result())
    assert cache.clear() == 1
    assert cache.usage().results == cache.usage().bytes == 0


def test_a_disk_that_cannot_be_written_keeps_nothing_and_raises_nothing(tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    cache = DiskCache(blocked / "results")
    cache.put(KEY, result())
    assert cache.get(KEY) is None
    assert "not kept on disk" in caplog.text


def test_a_damaged_file_that_cannot_be_removed_is_no_hit(cache, monkeypatch):
    cache.put(KEY, result())
    path = next(cache.folder.glob("*/*"))
    path.write_bytes(b"damaged")

    def refuses(self, **_):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "unlink", refuses)
    assert cache.get(KEY) is None
    assert path.exists()


def test_a_full_disk_leaves_no_leftover(cache, monkeypatch, caplog):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    cache.put(KEY, result())
    assert cache.get(KEY) is None
    assert cache.usage().leftovers == 0
    assert "No space left" in caplog.text


def test_writers_killed_a_hundred_times_leave_no_wrong_result_and_no_heap_of_leftovers(tmp_path):
    """kill -9 at random moments, while another process writes and evicts in the same folder."""
    script = Path(__file__).with_name("cache_torture.py")
    words = [sys.executable, str(script), str(tmp_path / "shared"), "--kills", "100"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=500, check=True)
    found = json.loads(done.stdout)
    assert found["kills"] == 100
    assert found["struck"] > 0  # it did hit writers in the middle of a file
    assert found["read"] > 0
    assert found["wrong"] == found["damaged"] == 0
    assert found["leftovers"] == found["most"] == 0
    assert 0 < found["bytes"] <= found["limit"]


def test_two_processes_that_share_a_folder_serve_each_other(cache):
    program = """
import sys
import numpy as np
from pathlib import Path
from advviz.compute.disk import DiskCache
from advviz.experiments.result import Result
theirs = DiskCache(Path(sys.argv[1]))
assert theirs.get(sys.argv[2]).facts["number"] == 1
theirs.put(sys.argv[3], Result.of({"array": np.arange(3.0)}, {"number": 2}))
"""
    cache.put(KEY, result(1))
    words = [sys.executable, "-c", program, str(cache.folder), KEY, OTHER]
    subprocess.run(words, check=True, timeout=120)
    assert cache.get(OTHER).facts["number"] == 2
    assert cache.usage().results == 2


def test_memory_is_bounded_by_bytes_and_drops_the_least_recently_used():
    cache = MemoryCache(3 * result().nbytes)
    for name in "abc":
        cache.put(name, result())
    assert cache.get("a") is not None
    cache.put("d", result())
    assert cache.get("b") is None
    assert cache.get("a") is not None
    assert cache.nbytes == 3 * result().nbytes
    assert len(cache) == 3


def test_a_result_over_the_limit_is_not_kept():
    cache = MemoryCache(10)
    cache.put("a", result())
    assert cache.get("a") is None
    assert cache.nbytes == 0
