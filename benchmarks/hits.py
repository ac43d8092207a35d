"""What a known result costs: a whole board, from memory and from disk.

    python -m benchmarks.hits

Every round asks a running engine (memory), and a fresh one over the same folder (disk), for the
eight experiments of Compare's board. Wanted: below 5 ms and below 50 ms.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from advviz.compute import Engine
from advviz.compute.disk import DiskCache
from advviz.experiments.board import BoardSpec
from advviz.experiments.protocol import Spec
from benchmarks import report
from benchmarks.timing import interleaved, milliseconds, seconds

WANTED = {"from memory": 5.0, "from disk": 50.0}


def ask(engine: Engine, specs: Sequence[Spec]) -> None:
    """Open a view of the board, as the page does."""
    with engine.watch("reader", specs) as view:
        if not view.done:
            raise SystemExit("a result that should be known is not")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=31)
    parser.add_argument("--dry", action="store_true", help="print, and leave RESULTS.md alone")
    args = parser.parse_args()
    board = replace(BoardSpec(), seed=1)
    specs = [spec for row in board.rows() for spec in row.specs()]
    with tempfile.TemporaryDirectory() as folder:

        def fresh() -> Engine:
            return Engine(use_shipped=False, disk=DiskCache(Path(folder)))

        def from_disk() -> float:
            one = fresh()
            return seconds(lambda: ask(one, specs))

        warm = fresh()
        for spec in specs:
            warm.run(spec)
        found = interleaved(
            {
                "from memory": lambda: seconds(lambda: ask(warm, specs)),
                "from disk": from_disk,
            },
            args.repeats,
        )
        size = sum(result.nbytes for result in map(warm.peek, specs) if result is not None)
        warm.close()
    rows = [
        [name, f"{milliseconds(times)}", f"{1e3 * max(times):.1f}", f"< {WANTED[name]:g}"]
        for name, times in found.items()
    ]
    what = f"{len(specs)} results of a 64 px board, {size / 2**20:.1f} MiB, {args.repeats} rounds."
    head = ["", "median, ms", "slowest, ms", "wanted, ms"]
    report.write("hits", "A known result", [what, "", *report.table(head, rows)], dry=args.dry)


if __name__ == "__main__":
    main()
