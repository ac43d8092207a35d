"""Write what was measured of the shipped models into the README, between its markers.

    python -m benchmarks.readme

Reads the models' records and assets/figures/who_else.json, and drives the gallery anew.
"""

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advviz.evaluation.gallery_table import drive
from advviz.models.records import bundled, pair
from advviz.resources import assets
from benchmarks.gallery_table import table

GALLERY_EPS = (1.25, 12.0)
README = Path(__file__).resolve().parent.parent / "README.md"


def models() -> list[str]:
    """Tell the shipped networks apart."""
    lines = ["| model | training attack | epoch shipped | sha256 |", "|---|---|---|---|"]
    for name, record in bundled().items():
        attack = f"L2 eps {record.training_eps:g}" if record.is_robust else "none"
        epoch = f"{record.recipe['released_epoch']} of {record.recipe['epochs']}"
        lines.append(f"| `{name}` | {attack} | {epoch} | `{record.sha256[:12]}…` |")
    return lines


def accuracies() -> list[str]:
    """Lay the records' accuracies out, by model, then budget, then restarts."""
    lines = [
        "| model | eps (L2) | restarts | n | clean [95%] | robust [95%] |",
        "|---|---|---|---|---|---|",
    ]
    for name, record in bundled().items():
        found = sorted(record.accuracies.values(), key=_budget)
        for of in found:
            eps, restarts = _budget(of)
            shares = f"{_share(of['clean_accuracy'])} | {_share(of['robust_accuracy'])}"
            lines.append(f"| `{name}` | {eps} | {restarts} | {of['n']} | {shares} |")
    return lines


def _budget(figures: Mapping[str, Any]) -> tuple[float, int]:
    return figures["attack"]["eps"], figures["attack"]["restarts"]


def who() -> list[str]:
    """Lay out who recognises whose drawings."""
    head = "| drawn by | by its | seen by | n | put into its class [95%] |"
    lines = [head, "|---|---|---|---|---|"]
    found = json.loads((assets() / "figures" / "who_else.json").read_text(encoding="utf-8"))
    for one in found["results"]:
        artist, viewer = one["drawn_by"], one["seen_by"]
        lines.append(f"| `{artist}` | {one['score']} | `{viewer}` | {one['n']} | {_share(one)} |")
    return lines


def gallery() -> list[str]:
    """Drive every gallery picture towards the next class."""
    compared = [model.id for model in pair()]
    return table({(m, eps): drive(m, eps, 20) for eps in GALLERY_EPS for m in compared})


def _share(of: Mapping[str, float]) -> str:
    return f"{of['value']:.1%} [{100 * of['low']:.1f}, {100 * of['high']:.1f}]"


def main() -> None:
    """Replace what stands between the markers."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    words = README.read_text(encoding="utf-8")
    written = {"models": models(), "accuracy": accuracies(), "gallery": gallery(), "who": who()}
    for name, lines in written.items():
        inside = f"<!-- {name} -->\n" + "\n".join(lines) + f"\n<!-- /{name} -->"
        words, found = re.subn(
            f"<!-- {name} -->.*?<!-- /{name} -->", lambda _, t=inside: t, words, flags=re.DOTALL
        )
        if found != 1:
            raise SystemExit(f"README.md has {found} places marked {name}; expected 1")
    README.write_text(words, encoding="utf-8")


if __name__ == "__main__":
    main()
