"""The tables that ship: the bundled pairs over the bundled pictures, to be seen at once.

Run `python -m advviz.evaluation.explanations.shipped` after the weights, the bundled pictures or
the methods have changed. It takes up what an earlier run has kept.
"""

import json
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from advviz.compute import Engine
from advviz.compute.disk import DiskCache, default_folder
from advviz.evaluation.explanations.plan import LIMIT, ExplanationPlan, every_method
from advviz.evaluation.explanations.table import Table, planned, tabulated
from advviz.evaluation.explanations.tally import ExplanationTally
from advviz.evaluation.explanations.work import prepared
from advviz.evaluation.runner import advance
from advviz.evaluation.sources import GALLERY
from advviz.models.records import record
from advviz.models.shelf import digest
from advviz.resources import assets

COMMAND = "python -m advviz.evaluation.explanations.shipped"
FILE = "explanations.json"
PAIRS = (("tiny14-standard", "tiny14-robust-l2"), ("cifar10-standard", "cifar10-robust-l2"))


def standing_plan(models: tuple[str, ...], methods: tuple[str, ...] = ()) -> ExplanationPlan:
    """Return what is measured of models unless somebody chooses otherwise."""
    return ExplanationPlan(
        source=GALLERY, models=models, methods=methods or every_method(), limit=LIMIT
    )


@cache
def tables() -> tuple[Table, ...]:
    """Read the tables that ship."""
    path = assets() / "figures" / FILE
    found: list[Table] = json.loads(path.read_text(encoding="utf-8"))["tables"]
    return tuple(found)


def shipped(plan: ExplanationPlan) -> Table | None:
    """Return the table of a plan if it ships.

    It may be of fewer methods: of one that was added since, nothing is known yet. It is none of
    other weights.
    """
    if plan.source != GALLERY:
        return None
    wanted = _without_methods(planned(plan))
    for table in tables():
        told = table["plan"]
        alike = _without_methods(told) == wanted and set(told["methods"]) <= set(plan.methods)
        if alike and all(told["options"][m] == plan.options(m) for m in told["methods"]):
            weights = {model: digest(record(model)) for model in plan.models}
            return table if table["weights"] == weights else None
    return None


def _without_methods(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a plan says besides its methods, as JSON has it."""
    kept = {name: told[name] for name in told if name not in ("methods", "options", "own")}
    plain: dict[str, Any] = json.loads(json.dumps(kept))
    return plain


def make(methods: tuple[str, ...] = ()) -> None:
    """Measure the bundled pairs, and write their tables."""
    engine = Engine(use_shipped=False, disk=DiskCache(default_folder()))
    try:
        found = []
        for pair in PAIRS:
            tally = ExplanationTally(prepared(standing_plan(pair, methods)))
            said = -1
            for progress in advance(tally.work, engine, tally):
                if progress.done != said:
                    said = progress.done
                    sys.stderr.write(f"{pair[0]} and {pair[1]}: {said} of {progress.total}\n")
            found.append(tabulated(tally))
    finally:
        engine.close()
    content = {
        "what": "methods x models over the bundled pictures, with maps that know nothing",
        "command": COMMAND,
        "tables": found,
    }
    path = assets() / "figures" / FILE
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    make(tuple(sys.argv[1:]))
