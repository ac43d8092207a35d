"""Measure the shipped models on a folder of images and write the figures into their records.

    python -m benchmarks.accuracies tiny-imagenet/val

Clean accuracy, and PGD-50 with 5 restarts at L2 0.5, 1.0 and 1.5, as `advviz evaluate` measures
them. It takes hours on a few cores.
"""

import argparse
from pathlib import Path
from typing import Any

from advviz.cli.computing import progress_bar
from advviz.evaluation import EvaluationSetup
from advviz.evaluation.accuracies import measured, write_into_record
from advviz.models.records import catalogue
from advviz.resources import assets

EPS = (0.5, 1.0, 1.5)


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("images", type=Path, help="folder, one folder a class")
    parser.add_argument("--model", action="append", help="measure this one only; repeatable")
    parser.add_argument("--named", default="tiny-imagenet/val", help="folder name to record")
    parser.add_argument("--restarts", type=int, default=5)
    parser.add_argument("--numerics", default="reference", choices=("reference", "fast"))
    parser.add_argument("--limit", type=int, help="a sample, for trying; it is recorded too")
    parser.add_argument("--dry", action="store_true", help="print, and leave the records alone")
    args = parser.parse_args()
    for model in args.model or catalogue():
        setups = [
            EvaluationSetup(
                model=model,
                eps=eps,
                steps=50,
                restarts=args.restarts,
                numerics=args.numerics,
            )
            for eps in EPS
        ]
        with progress_bar(unit="image", desc=model) as bar:

            def report(done: int, total: int, bar: Any = bar) -> None:
                bar.total, bar.n = total, done
                bar.refresh()

            figures = measured(setups, args.images, args.named, limit=args.limit, report=report)
        if not args.dry:
            write_into_record(model, figures, assets() / "models")
        for name, of in figures.items():
            shares = [of["clean_accuracy"], of["robust_accuracy"]]
            words = (f"{s['value']:.1%} ({s['low']:.1%} to {s['high']:.1%})" for s in shares)
            print(f"{model} {name}: clean, robust {', '.join(words)}, n = {of['n']}", flush=True)


if __name__ == "__main__":
    main()
