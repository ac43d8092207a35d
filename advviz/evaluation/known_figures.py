"""What was measured of models on many pictures: the figures that stand beside an anecdote.

They are read from the records, which hold what `advviz evaluate --json` printed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advviz.models.model_record import ModelRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One model under one attack, on many pictures; shares are fractions with 95% intervals."""

    model: str
    n: int
    clean: Mapping[str, float]  # value, low, high
    robust: Mapping[str, float]
    attack: Mapping[str, Any]
    command: str


def share(of: Mapping[str, float]) -> str:
    """Write a share with its interval; a small or large one with a digit more."""
    digits = 0 if 0.01 <= of["value"] <= 0.99 else 1
    value, low, high = (f"{of[name]:.{digits}%}" for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def compared(models: Sequence[ModelRecord], norm: str, eps: float) -> tuple[Figures, ...]:
    """Return the models' figures under one and the same attack, those without it left out.

    Of the attacks in a norm that were tried on most of the models, it is the one nearest to a
    strength; of each model, its measurement on most pictures.
    """
    by_attack: dict[str, dict[str, Figures]] = {}
    for described in models:
        for one in measured(described, norm):  # those on more pictures come later
            asked = json.dumps(dict(one.attack), sort_keys=True)
            by_attack.setdefault(asked, {})[described.id] = one
    if not by_attack:
        return ()

    def preference(of: dict[str, Figures]) -> tuple[float, ...]:
        first = next(iter(of.values()))
        pictures = sum(one.n for one in of.values())
        return -len(of), abs(first.attack["eps"] - eps), -pictures

    return tuple(min(by_attack.values(), key=preference).values())


def measured(described: ModelRecord, norm: str) -> tuple[Figures, ...]:
    """Return all that was measured of a model under attacks in a norm, by growing eps."""
    found = [
        Figures(
            model=described.id,
            n=entry["n"],
            clean=entry["clean_accuracy"],
            robust=entry["robust_accuracy"],
            attack=entry["attack"],
            command=entry.get("command", ""),
        )
        for entry in described.accuracies.values()
        if isinstance(entry, Mapping)
        and "robust_accuracy" in entry
        and entry["attack"]["norm"] == norm
    ]
    return tuple(sorted(found, key=lambda one: (float(one.attack["eps"]), one.n)))


def half_fooled(described: ModelRecord, one: Figures) -> str:
    """Say between which measured eps the median smallest eps lies, of pictures right before.

    At the median, half of the pictures that are right as they are have been fooled.
    """
    norm = one.attack["norm"]
    alike = [
        other
        for other in measured(described, norm)
        if other.n == one.n and other.attack.get("restarts") == one.attack.get("restarts")
    ]
    lost = [o.attack["eps"] for o in alike if o.robust["value"] <= o.clean["value"] / 2]
    kept = [o.attack["eps"] for o in alike if o.robust["value"] > o.clean["value"] / 2]
    if not lost:
        return f"> {_eps(norm, max(kept))}"
    below = [eps for eps in kept if eps < min(lost)]
    return (
        f"{_eps(norm, max(below))} to {_eps(norm, min(lost))}"
        if below
        else (f"≤ {_eps(norm, min(lost))}")
    )


def attack_in_full(one: Figures) -> str:
    """Name the attack of a measurement with its budget."""
    attack, norm = one.attack, one.attack["norm"]
    restarts = int(attack.get("restarts", 1))
    size = _eps(norm, attack["eps"])
    return (
        f"{str(attack['name']).upper()}-{attack.get('steps', '?')}, untargeted, "
        f"{'L∞' if norm == 'linf' else str(norm).upper()} {size}, "
        f"{restarts} restart{'s' if restarts > 1 else ''}, {attack.get('numerics', 'reference')}"
    )


def _eps(norm: str, eps: float) -> str:
    return f"{255 * eps:.4g}/255" if norm == "linf" else f"{eps:g}"
