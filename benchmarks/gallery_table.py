"""Drive every gallery picture of a known class towards the next class; print a Markdown table.

    python -m benchmarks.gallery_table

The attack is that of `advviz attack sample:ID --target NEXT --norm l2 --eps EPS --steps N`.
"""

import argparse
from collections.abc import Mapping, Sequence

from advviz.evaluation.gallery_table import Outcome, drive, reached
from advviz.models.records import pair

Column = tuple[str, float]


def main() -> None:
    """Attack and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--eps", type=float, nargs="+", default=[1.25, 12.0], help="L2 budgets")
    parser.add_argument("--steps", type=int, default=20)
    args = parser.parse_args()
    columns = {
        (model.id, eps): drive(model.id, eps, args.steps) for eps in args.eps for model in pair()
    }
    print("\n".join(table(columns)))


def table(columns: Mapping[Column, Sequence[Outcome]]) -> list[str]:
    """Lay the outcomes out: a picture a row, a model at a budget a column."""
    head = ["picture", "towards", *(f"{model}, L2 {eps:g}" for model, eps in columns)]
    totals = ["**all**", "", *(_total(outcomes) for outcomes in columns.values())]
    lines = [head, ["---"] * len(head), totals]
    for row in zip(*columns.values(), strict=True):
        lines.append([f"{row[0].picture} ({row[0].true_class})", row[0].target, *map(_cell, row)])
    return [f"| {' | '.join(line)} |" for line in lines]


def _total(outcomes: Sequence[Outcome]) -> str:
    share = reached(outcomes)
    return f"**{share.successes} of {share.n}**"


def _cell(outcome: Outcome) -> str:
    answer = f"{outcome.answer} {outcome.confidence:.0%}"
    if outcome.success:
        return f"✗ driven to {answer}"
    if outcome.before != outcome.true_class:
        return f"– {answer}, wrong before: {outcome.before}"
    return f"✓ stays {answer}" if outcome.answer == outcome.before else f"◐ now {answer}"


if __name__ == "__main__":
    main()
