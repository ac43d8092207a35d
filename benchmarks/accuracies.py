"""Measure the shipped models on a folder of images and write the figures into their records.

    python -m benchmarks.accuracies tiny-imagenet/val

Clean accuracy, and PGD-50 at L2 0.5, 1.0 and 1.5: with 5 restarts on a sample, and with one on
all images, as `advviz evaluate` measures them. It takes the better part of an hour a model on
one core; `--model` measures one of them.
"""

import argparse
from pathlib import Path
from typing import Any

from advviz.cli.computing import progress_bar
from advviz.evaluation import EvaluationSetup
from advviz.evaluation.accuracies import measured, write_into_record
from advviz.models.records import bundled
from advviz.resources import assets

EPS = (0.5, 1.0, 1.5)
SAMPLE = 225


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("images", type=Path, help="folder, one folder a class")
    parser.add_argument("--model", action="append", help="measure this one only; repeatable")
    parser.add_argument("--named", default="tiny-imagenet/val", help="folder name to record")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="images for 5 restarts")
    parser.add_argument("--dry", action="store_true", help="print, and leave the records alone")
    args = parser.parse_args()
    for model in args.model or bundled():
        figures: dict[str, Any] = {}
        for restarts, limit in ((1, None), (5, args.sample)):
            setups = [
                EvaluationSetup(model=model, eps=eps, steps=50, restarts=restarts) for eps in EPS
            ]
            with progress_bar(unit="image", desc=f"{model}, {restarts} restarts") as bar:

                def report(done: int, total: int, bar: Any = bar) -> None:
                    bar.total, bar.n = total, done
                    bar.refresh()

                found = measured(setups, args.images, args.named, limit=limit, report=report)
            figures |= found
            for name, of in found.items():
                shares = [of["clean_accuracy"], of["robust_accuracy"]]
                words = (f"{s['value']:.1%} ({s['low']:.1%} to {s['high']:.1%})" for s in shares)
                print(f"{model} {name}: clean, robust {', '.join(words)}, n = {of['n']}")
        if not args.dry:
            write_into_record(model, figures, assets() / "models")


if __name__ == "__main__":
    main()
