"""Screens the presets: every gate on the weights that ship, substitutes in a fixed order."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from advviz.compute import Engine
from advviz.errors import AdvvizError
from advviz.evaluation.preset_gates import GATES, Screened
from advviz.experiments.links import to_link
from advviz.experiments.preset_words import FIRST
from advviz.experiments.presets import FILE, ROBUST, STANDARD, Preset, catalogue
from advviz.models.records import record
from advviz.models.shelf import digest
from advviz.resources import assets

COMMAND = "advviz presets --write"
Report = Callable[[Preset, int], None]
"""Called with the preset, and the number of the candidate that is tried."""


def screen_all(engine: Engine, report: Report | None = None) -> dict[str, Any]:
    """Screen every preset.

    Args:
        engine: computes what the gates ask for; it must know no shipped results, for what is
            screened is what these weights do now.
        report: receives progress.

    Returns:
        What `assets/presets.json` holds: the command, the digests of the weights, and of each
        preset what was chosen, what was measured of it, and what failed before it.
    """
    return {
        "command": COMMAND,
        "weights": {model: digest(record(model)) for model in (STANDARD, ROBUST)},
        "presets": [_screened(engine, preset, report) for preset in catalogue()],
    }


def _screened(engine: Engine, preset: Preset, report: Report | None) -> dict[str, Any]:
    failed: list[dict[str, Any]] = []
    for number, candidate in enumerate(preset.candidates):
        if report is not None:
            report(preset, number)
        found = GATES[preset.id](engine, candidate)
        if found.passed:
            return {**_told(found), "id": preset.id, "failed": failed}
        failed.append(_told(found))
    return {"id": preset.id, "passed": False, "link": None, "measured": {}, "failed": failed}


def _told(found: Screened) -> dict[str, Any]:
    return {"passed": found.passed, "link": to_link(found.spec), "measured": found.measured}


def write(screened: dict[str, Any], folder: Path | None = None) -> Path:
    """Replace what the last screening wrote.

    Args:
        screened: as `screen_all` returns it.
        folder: where it is written; by default the assets.

    Raises:
        AdvvizError: the first preset, which Home opens with, is not among those that passed.
    """
    if not any(entry["passed"] for entry in screened["presets"] if entry["id"] == FIRST):
        raise AdvvizError(
            f"no picture passes the gate of the preset {FIRST}, which Home opens with; nothing was "
            "written; train the weights anew, or add pictures to its candidates"
        )
    path = (folder or assets()) / FILE
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(screened, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
    return path
