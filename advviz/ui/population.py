"""The figures beside the anecdotes: what was measured of the shipped models, with intervals."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from advviz.models.records import ModelRecord
from advviz.resources import assets
from advviz.ui.words import strength


@dataclass(frozen=True, slots=True)
class Share:
    """A measured share with its sample size and 95% Wilson interval."""

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def read(cls, measured: Mapping[str, Any], n: int) -> "Share":
        """Read a share as `advviz evaluate --json` writes it."""
        return cls(measured["value"], measured["low"], measured["high"], n)

    def __str__(self) -> str:
        """Say the share, rounded to whole percent."""
        return f"{100 * self.value:.0f}%"

    @property
    def basis(self) -> str:
        """What the share rests on."""
        return f"n = {self.n:,}, 95% interval {100 * self.low:.0f} to {100 * self.high:.0f}%"


@dataclass(frozen=True, slots=True)
class Survival:
    """How many of many pictures a model gets right, as they are and under an attack."""

    clean: Share
    robust: Share
    norm: str
    eps: float
    attack: str


def survival(described: ModelRecord, norm: str, eps: float) -> Survival | None:
    """The measurement nearest to a strength, on most pictures; None where there is none.

    A record's `accuracies` hold, under any names, what `advviz evaluate --json` printed.
    """
    found = [
        entry
        for entry in described.accuracies.values()
        if isinstance(entry, Mapping)
        and "robust_accuracy" in entry
        and entry["attack"]["norm"] == norm
    ]
    if not found:
        return None
    entry = min(found, key=lambda e: (abs(e["attack"]["eps"] - eps), -e["n"]))
    attack, n = entry["attack"], entry["n"]
    restarts = attack.get("restarts", 1)
    named = f"{attack['name'].upper()}-{attack['steps']}, untargeted, "
    named += f"{strength(norm, attack['eps'])}, {restarts} restart{'s' if restarts > 1 else ''}"
    return Survival(
        clean=Share.read(entry["clean_accuracy"], n),
        robust=Share.read(entry["robust_accuracy"], n),
        norm=norm,
        eps=attack["eps"],
        attack=named,
    )


def recognised(artist: str, viewer: str) -> Share | None:
    """The share of a model's drawings of its classes that another model names.

    The figures are those that `python -m benchmarks.who_else` wrote; None without them.
    """
    path = assets() / "figures" / "who_else.json"
    if not path.exists():
        return None
    for entry in json.loads(path.read_text(encoding="utf-8"))["results"]:
        if (entry["drawn_by"], entry["seen_by"]) == (artist, viewer):
            return Share.read(entry, entry["n"])
    return None
