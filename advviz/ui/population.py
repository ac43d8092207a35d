"""The figures beside the anecdotes: what was measured of the shipped models, with intervals."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advviz.models.records import ModelRecord
from advviz.resources import assets
from advviz.ui.language import say
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
        return say(
            "n = {n:,}, 95% interval {low:.0f} to {high:.0f}%",
            n=self.n,
            low=100 * self.low,
            high=100 * self.high,
        )


@dataclass(frozen=True, slots=True)
class Survival:
    """How many of many pictures a model gets right, as they are and under an attack."""

    clean: Share
    robust: Share
    norm: str
    eps: float
    name: str
    restarts: int

    @property
    def attack(self) -> str:
        """The attack by its full name and budget, in the reader's language."""
        named, budget = self.name, strength(self.norm, self.eps)
        if self.restarts == 1:
            return say("{named}, untargeted, {budget}, 1 restart", named=named, budget=budget)
        return say(
            "{named}, untargeted, {budget}, {restarts} restarts",
            named=named,
            budget=budget,
            restarts=self.restarts,
        )


def survival(described: ModelRecord, norm: str, eps: float) -> Survival | None:
    """The measurement nearest to a strength, on most pictures; None where there is none.

    A record's `accuracies` hold, under any names, what `advviz evaluate --json` printed.
    """
    found = _measured(described, norm)
    if not found:
        return None
    return _survival(min(found, key=lambda e: (abs(e["attack"]["eps"] - eps), -e["n"])))


def compared(models: Sequence[ModelRecord], norm: str, eps: float) -> dict[str, Survival]:
    """The measurements of several models under one and the same attack, by model id.

    Of the attacks in a norm that were tried on most of the models, it is the one nearest to a
    strength, and of those the one on most pictures; a model without that measurement is left
    out.
    """
    by_attack: dict[str, dict[str, Mapping[str, Any]]] = {}
    for described in models:
        for entry in _measured(described, norm):
            asked = json.dumps([entry["attack"], entry["n"]], sort_keys=True)
            by_attack.setdefault(asked, {})[described.id] = entry
    if not by_attack:
        return {}

    def preference(asked: str) -> tuple[float, ...]:
        found = by_attack[asked]
        (entry, *_) = found.values()
        return -len(found), abs(entry["attack"]["eps"] - eps), -entry["n"]

    best = by_attack[min(by_attack, key=preference)]
    return {model: _survival(entry) for model, entry in best.items()}


def _measured(described: ModelRecord, norm: str) -> list[Mapping[str, Any]]:
    """What `advviz evaluate --json` printed of a model under attacks in a norm."""
    return [
        entry
        for entry in described.accuracies.values()
        if isinstance(entry, Mapping)
        and "robust_accuracy" in entry
        and entry["attack"]["norm"] == norm
    ]


def _survival(entry: Mapping[str, Any]) -> Survival:
    attack, n = entry["attack"], entry["n"]
    restarts = attack.get("restarts", 1)
    return Survival(
        clean=Share.read(entry["clean_accuracy"], n),
        robust=Share.read(entry["robust_accuracy"], n),
        norm=attack["norm"],
        eps=attack["eps"],
        name=f"{attack['name'].upper()}-{attack['steps']}",
        restarts=restarts,
    )


def recognised(artist: str, viewer: str, score: str) -> Share | None:
    """The share of a model's drawings of its classes that another model names.

    The figures are those that `python -m benchmarks.who_else` wrote; None without them.
    """
    path = assets() / "figures" / "who_else.json"
    if not path.exists():
        return None
    for entry in json.loads(path.read_text(encoding="utf-8"))["results"]:
        if (entry["drawn_by"], entry["seen_by"], entry["score"]) == (artist, viewer, score):
            return Share.read(entry, entry["n"])
    return None
