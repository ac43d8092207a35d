"""Measure shipped models on a folder of images and write the figures into their records.

    python -m benchmarks.accuracies tiny-imagenet/val --dataset tiny14

Clean accuracy, and PGD-50 at three L2 budgets, as `advviz evaluate` measures them. Each
`--measure RESTARTS:LIMIT[:EPS,...]` is one measurement of each model at each budget, by default
with one restart on all images and with five on a sample. It takes the better part of an hour a
robust model of 64 pixels on one core.
"""

import argparse
from pathlib import Path
from typing import Any

from advviz.cli.computing import progress_bar
from advviz.evaluation import EvaluationSetup
from advviz.evaluation.accuracies import measured, write_into_record
from advviz.models.records import bundled
from advviz.resources import assets

EPS = {"tiny14": (0.5, 1.0, 1.5), "cifar10": (0.25, 0.5, 1.0)}
EVERYTHING = "all"
Measurement = tuple[int, int | None, tuple[float, ...] | None]
"""Restarts, the size of the sample (None: all images), and the budgets (None: the usual three)."""
MEASURED: list[Measurement] = [(1, None, None), (5, 225, None)]


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("images", type=Path, help="folder, one folder a class")
    parser.add_argument("--dataset", choices=EPS, default="tiny14", help="(%(default)s)")
    parser.add_argument("--model", action="append", help="measure this one only; repeatable")
    parser.add_argument("--named", default="tiny-imagenet/val", help="folder name to record")
    parser.add_argument(
        "--measure", action="append", type=_measurement, metavar="RESTARTS:LIMIT[:EPS,...]",
        help="such as 5:225, or 1:all, or 5:all:0.5; repeatable",
    )  # fmt: skip
    parser.add_argument("--dry", action="store_true", help="print, and leave the records alone")
    args = parser.parse_args()
    known = [model for model, described in bundled().items() if described.family == args.dataset]
    for model in args.model or known:
        figures: dict[str, Any] = {}
        for measurement in args.measure or MEASURED:
            found = _figures(model, measurement, args)
            figures |= found
            for name, of in found.items():
                shares = [of["clean_accuracy"], of["robust_accuracy"]]
                words = (f"{s['value']:.1%} ({s['low']:.1%} to {s['high']:.1%})" for s in shares)
                print(f"{model} {name}: clean, robust {', '.join(words)}, n = {of['n']}")
        if not args.dry:
            write_into_record(model, figures, assets() / "models")


def _figures(
    model: str, measurement: Measurement, args: argparse.Namespace
) -> dict[str, dict[str, Any]]:
    restarts, limit, budgets = measurement
    setups = [
        EvaluationSetup(model=model, eps=eps, steps=50, restarts=restarts)
        for eps in budgets or EPS[args.dataset]
    ]
    with progress_bar(unit="image", desc=f"{model}, {restarts} restarts") as bar:

        def report(done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.refresh()

        return measured(setups, args.images, args.named, limit=limit, report=report)


def _measurement(words: str) -> Measurement:
    restarts, limit, eps = (*words.split(":"), "")[:3]
    budgets = tuple(map(float, eps.split(","))) if eps else None
    return int(restarts), None if limit == EVERYTHING else int(limit), budgets


if __name__ == "__main__":
    main()
