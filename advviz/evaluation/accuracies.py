"""The accuracies that a model's record carries: measured here, written beside the weights."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from advviz.evaluation.robustness import Report, evaluate
from advviz.evaluation.setup import EvaluationSetup


def name_of(setup: EvaluationSetup) -> str:
    """Name a robust accuracy in a record: norm, eps and restarts, such as `l2-1.0-r5`."""
    return f"{setup.norm}-{setup.eps}-r{setup.restarts}"


def measured(
    setups: Sequence[EvaluationSetup],
    folder: Path,
    folder_name: str,
    *,
    limit: int | None = None,
    report: Report | None = None,
) -> dict[str, dict[str, Any]]:
    """Measure one model's clean accuracy and its accuracy under attacks.

    Args:
        setups: of one model, one for each attack.
        folder: the images.
        folder_name: what the recorded command calls the folder: no path of this machine.
        limit: size of a sample; None for all images.
        report: receives the progress of each measurement.

    Returns:
        Figures by name (`l2-1.0-r5`), each as `advviz evaluate --json` prints them, and the
        command.
    """
    figures: dict[str, dict[str, Any]] = {}
    for setup in setups:
        found = evaluate(setup, folder, limit=limit, report=report)
        printed = {k: v for k, v in found.as_dict().items() if k not in ("model", "skipped")}
        command = command_of(setup, folder_name, limit)
        figures[name_of(setup)] = {**printed, "command": command}
    return figures


def command_of(setup: EvaluationSetup, folder_name: str, limit: int | None = None) -> str:
    """Write the command that measures the same."""
    some = "" if limit is None else f" --limit {limit}"
    return (
        f"advviz evaluate --model {setup.model} --images {folder_name} --attack {setup.attack} "
        f"--norm {setup.norm} --eps {setup.eps} --steps {setup.steps} "
        f"--step-size {setup.step_size} --restarts {setup.restarts} "
        f"--random-start {str(setup.random_start).lower()} --seed {setup.seed} "
        f"--numerics {setup.numerics}{some}"
    )


def write_into_record(model: str, figures: dict[str, dict[str, Any]], folder: Path) -> Path:
    """Replace the accuracies of a model's record.

    Args:
        model: its id.
        figures: as `measured` returns them.
        folder: where the records lie.

    Returns:
        The record's path.
    """
    path = folder / f"{model}.json"
    values = {**json.loads(path.read_text(encoding="utf-8")), "accuracies": figures}
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
    return path
