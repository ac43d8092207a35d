"""Kill writers of one cache folder at random moments; run by tests/test_cache.py.

    python tests/cache_torture.py FOLDER [--kills 100]

A process of its own, with a single thread, so that it may fork. Beside those that are killed,
one writer lives on: the folder is shared all the time.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from advviz.compute.disk import PARTIAL, DiskCache
from advviz.experiments.result import Result

KEYS = 20
LIMIT = 8_000_000  # bytes: half of the results, so that the writers also evict


def result(number: int) -> Result:
    """Make a result that tells which one it is."""
    return Result.of({"array": np.full(200_000, number, np.float32)}, {"number": number})


def key(number: int) -> str:
    """Name a result."""
    return f"{number:040d}"


def writer(folder: Path, seed: int, pause: float = 0.0) -> int:
    """Start a process that writes results for ever; return its id once it writes."""
    begun, begins = os.pipe()
    child = os.fork()
    if child == 0:
        cache, chance = DiskCache(folder, LIMIT), random.Random(seed)
        os.write(begins, b"!")
        while True:
            number = chance.randrange(KEYS)
            cache.put(key(number), result(number))
            time.sleep(pause)
    os.read(begun, 1)
    os.close(begun)
    os.close(begins)
    return child


def kill(child: int) -> None:
    """Kill a process and wait until it is gone."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def left(folder: Path, survivor: int) -> int:
    """Count the unfinished files, but for those of the writer that lives."""
    return sum(f"-{survivor}-" not in path.name for path in folder.glob(f"??/*{PARTIAL}"))


def torture(folder: Path, survivor: int, seed: int, seconds: float, found: dict[str, int]) -> None:
    """Kill one writer after a while, read everything, and start anew; add to what was found."""
    child = writer(folder, seed)
    time.sleep(seconds)
    kill(child)
    found["struck"] += left(folder, survivor) > 0
    reader = DiskCache(folder, LIMIT)
    for number in range(KEYS):
        one = reader.get(key(number))
        found["read"] += one is not None
        found["wrong"] += one is not None and int(one.arrays["array"][-1]) != number
    found["damaged"] += reader.verify()[1]
    reader.put(key(0), result(0))  # the next start tidies up after the dead
    found["most"] = max(found["most"], left(folder, survivor))


def main() -> None:
    """Kill one of two writers again and again; count wrong results, damage and leftovers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=100)
    args = parser.parse_args()
    folder, chance = args.folder, random.Random(0)
    found = dict.fromkeys(("read", "wrong", "damaged", "struck", "leftovers", "most"), 0)
    survivor = writer(folder, -1, pause=0.005)
    try:
        for round_number in range(args.kills):
            torture(folder, survivor, round_number, chance.uniform(0.0, 0.02), found)
    finally:
        kill(survivor)
    last = DiskCache(folder, LIMIT)
    last.put(key(0), result(0))
    usage = last.usage()
    found |= {"leftovers": usage.leftovers, "results": usage.results, "bytes": usage.bytes}
    sys.stdout.write(json.dumps(found | {"kills": args.kills, "limit": LIMIT}))


if __name__ == "__main__":
    main()
