"""What pooling would bring on a CPU: one batch of 16 gradients against 16 batches of one.

    python -m benchmarks.pooling

On a CPU the engine merges nothing across jobs, so that a result depends on nobody else; this
is what that costs.
"""

import argparse
from collections.abc import Callable, Sequence
from statistics import median

import torch

from advviz.models.classifier import Classifier
from advviz.objectives import towards
from advviz.protocol import Query, Respondent
from benchmarks import report
from benchmarks.networks import Case, random_resnet18, shipped
from benchmarks.timing import interleaved, milliseconds, seconds, spread

ROWS = 16
PASSES = 5  # of each kind in one measurement


def together(case: Case, classifier: Respondent) -> None:
    """Ask for all gradients at once."""
    for _ in range(PASSES):
        classifier.answer(Query(case.pixels, towards(case.targets)))


def apart(case: Case, classifier: Respondent) -> None:
    """Ask for the gradients one by one."""
    objective = towards(case.targets)
    for _ in range(PASSES):
        for row in range(len(case.pixels)):
            one = torch.tensor([row])
            classifier.answer(Query(case.pixels[one], objective.select(one)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--dry", action="store_true", help="print, and leave RESULTS.md alone")
    args = parser.parse_args(arguments)
    head = ["who answers", "16 × 1, ms", "1 × 16, ms", "pooling's gain (range of rounds)"]
    rows = []
    for case in (shipped("tiny14-standard", ROWS), random_resnet18(64, ROWS)):
        fast = case.fast()
        answerers: dict[str, Respondent] = {
            f"fast: {fast.numerics}": fast,
            "reference: fp32": Classifier(case.module),
        }
        for name, classifier in answerers.items():
            contestants: dict[str, Callable[[], float]] = {
                "together": lambda c=case, a=classifier: seconds(lambda: together(c, a)),  # type: ignore[misc]
                "apart": lambda c=case, a=classifier: seconds(lambda: apart(c, a)),  # type: ignore[misc]
            }
            found = interleaved(contestants, args.repeats)
            one, many = ([t / PASSES for t in found[kind]] for kind in ("together", "apart"))
            title = f"{case.title.rpartition(',')[0]}, {name}"
            rows.append([title, milliseconds(many), milliseconds(one), spread(many, one)])
    best = median(float(row[-1].split()[0]) for row in rows)
    lines = [f"Gradients of 16 images, medians of {args.repeats}.", "", *report.table(head, rows)]
    lines += ["", f"- median gain {best:.2f}"]
    report.write("pooling", "Pooling on a CPU", lines, ("torchvision",), dry=args.dry)


if __name__ == "__main__":
    main()
