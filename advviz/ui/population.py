"""The figures beside the anecdotes: what was measured of the shipped models, with intervals."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advviz.evaluation import known_figures
from advviz.evaluation.known_figures import Figures
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
    """The measurement nearest to a strength, on most pictures; None where there is none."""
    found = known_figures.measured(described, norm)
    if not found:
        return None
    return _survival(min(found, key=lambda one: (abs(one.attack["eps"] - eps), -one.n)))


def compared(models: Sequence[ModelRecord], norm: str, eps: float) -> dict[str, Survival]:
    """The measurements of several models under one and the same attack, by model id.

    See `known_figures.compared`; a model without that measurement is left out.
    """
    found = known_figures.compared(models, norm, eps)
    return {one.model: _survival(one) for one in found}


def _survival(one: Figures) -> Survival:
    return Survival(
        clean=Share.read(one.clean, one.n),
        robust=Share.read(one.robust, one.n),
        norm=one.attack["norm"],
        eps=one.attack["eps"],
        name=f"{one.attack['name'].upper()}-{one.attack['steps']}",
        restarts=one.attack.get("restarts", 1),
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
