"""Kill writers of one cache folder at random moments; run by tests/test_cache.py.

A process of its own, with a single thread, so that it may fork.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from advviz.compute.disk import DiskCache
from advviz.experiments.result import Result


def result(number: int) -> Result:
    """Make a result that tells which one it is."""
    return Result.of({"array": np.full(200_000, number, np.float32)}, {"number": number})


def write_for_ever(folder: Path, seed: int) -> None:
    """Write results as fast as possible."""
    cache = DiskCache(folder)
    random.seed(seed)
    while True:
        number = random.randrange(20)
        cache.put(f"{number:040d}", result(number))


def main() -> None:
    """Kill one of two writers a hundred times; count wrong results, damage and leftovers."""
    folder, wrong, damaged, leftovers = Path(sys.argv[1]), 0, 0, []
    random.seed(0)
    cache = DiskCache(folder)
    for round_number in range(100):
        child = os.fork()
        if child == 0:
            write_for_ever(folder, round_number)
        time.sleep(random.uniform(0.002, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for number in range(20):
            found = cache.get(f"{number:040d}")
            wrong += found is not None and int(found.arrays["array"][-1]) != number
        damaged += cache.verify()[1]
        leftovers.append(cache.usage().leftovers)
    DiskCache(folder).put("0" * 40, result(0))  # the next writer tidies up after the dead
    leftovers.append(cache.usage().leftovers)
    answer = {"wrong": wrong, "damaged": damaged, "leftovers": leftovers[-1]}
    sys.stdout.write(json.dumps(answer | {"results": cache.usage().results}))


if __name__ == "__main__":
    main()
