"""What became of an attack on one picture, and the finding in a sentence that is true anyway.

The same judgement as the pages': right before, and then driven to the target, led elsewhere, or
not moved. A sentence is made for every combination, also for those that nobody hopes for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advviz.experiments.parameters import UNTARGETED
from advviz.experiments.result import Array, Result
from advviz.experiments.specs import AttackSpec
from advviz.models.model_record import ModelRecord
from advviz.models.records import record

FOOLED, ASTRAY, HELD, WRONG, MOOT = KINDS = ("fooled", "astray", "held", "wrong", "moot")
GAVE_WAY = (FOOLED, ASTRAY)
SYMBOL = {FOOLED: "✗", ASTRAY: "◐", HELD: "✓", WRONG: "–", MOOT: "–"}


@dataclass(frozen=True, slots=True)
class Said:
    """The class that a model gives a picture, and its softmax probability."""

    label: str
    confidence: float

    def __str__(self) -> str:
        """Say it so that only certainty is 100%."""
        share = min(self.confidence, 0.999) if self.confidence < 1 else 1.0
        return f"{self.label} {share:.1%}" if share > 0.995 else f"{self.label} {share:.0%}"


def said(logits: Array, classes: Sequence[str]) -> Said:
    """Read one row of logits [K]."""
    shifted = np.exp(logits.astype(np.float64) - float(np.max(logits)))
    best = int(np.argmax(shifted))
    return Said(classes[best], float(shifted[best] / shifted.sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a model said before and after an attack, and of the picture's 8-bit file."""

    model: str
    right: str  # the class that is known to be shown, or the first answer
    target: str | None
    before: Said
    after: Said
    eight_bit: Said

    @property
    def kind(self) -> str:
        """Return fooled, astray or held; wrong or moot where nothing could be shown before it."""
        return self.judged(self.after)

    def judged(self, after: Said) -> str:
        """Judge another answer in the place of the one to the exact picture."""
        if self.before.label != self.right:
            return WRONG
        if self.target == self.right:
            return MOOT
        if after.label == self.right:
            return HELD
        return FOOLED if self.target in (None, after.label) else ASTRAY

    @property
    def verdict(self) -> str:
        """Say the outcome with its symbol."""
        words = {
            FOOLED: f"Fooled → {self.after}",
            ASTRAY: f"Wrong, but not the target → {self.after}",
            HELD: f"Held against this attack: {self.after}",
            WRONG: f"Wrong before the attack: {self.before}",
            MOOT: f"Said the target before the attack: {self.before}",
        }
        return f"{SYMBOL[self.kind]} {words[self.kind]}"


def outcome(spec: AttackSpec, result: Result) -> Outcome:
    """Read the outcome of an attack from its result."""
    arrays, classes = result.arrays, record(spec.model).classes
    before = said(arrays["original_logits"], classes)
    return Outcome(
        model=spec.model,
        right=result.facts["true_class"] or before.label,
        target=None if spec.target == UNTARGETED else spec.target,
        before=before,
        after=said(arrays["logits"], classes),
        eight_bit=said(arrays["eight_bit_logits"], classes),
    )


def name_of(described: ModelRecord, among: Sequence[ModelRecord]) -> str:
    """Name a model by its kind; where several are of one kind, by its training or its title."""
    alike = [other for other in among if other.is_robust == described.is_robust]
    trained = [(other.training_norm, other.training_eps) for other in alike]
    if len(alike) > 1:
        norm, eps = described.training_norm, described.training_eps
        if norm is None or trained.count((norm, eps)) > 1:
            return described.title
        return f"the network trained at {strength(norm, eps)}"
    return "the robust network" if described.is_robust else "the standard network"


def finding(outcomes: Sequence[Outcome], budget: str) -> str:
    """Say what an attack on one, two or more models found.

    Args:
        outcomes: of the models, in the order in which they are named.
        budget: the size that the change was allowed, in words.
    """
    among = [record(one.model) for one in outcomes]
    names = [name_of(described, among) for described in among]
    target = outcomes[0].target or "any other class"
    each = "" if len(outcomes) == 1 else ", each through its own gradients"
    lead = f"Attacked towards {target} within {budget}{each}: "
    if len(outcomes) > 2:
        return lead + _counted(outcomes, names)
    clauses = "; ".join(map(_clause, outcomes, names))
    return f"{lead}{clauses}. {_together(outcomes, names)}{_saved(outcomes, names)}"


def _clause(one: Outcome, name: str) -> str:
    return {
        FOOLED: f"{name}, right before, now says {one.after} instead of {one.right}",
        ASTRAY: f"{name}, right before, now says {one.after}, which is wrong but not the target",
        HELD: f"{name} still says {one.after}",
        WRONG: f"{name} was wrong before the attack (it said {one.before}, shown is {one.right})",
        MOOT: f"{name} said {one.before} before the attack, which is the target itself",
    }[one.kind]


def _together(outcomes: Sequence[Outcome], names: Sequence[str]) -> str:
    """Say what the outcomes mean side by side."""
    astray = [name for one, name in zip(outcomes, names, strict=True) if one.kind in (WRONG, MOOT)]
    if astray:
        return f"This picture cannot judge {' and '.join(astray)}."
    gave = [one.kind in GAVE_WAY for one in outcomes]
    if len(outcomes) == 1:
        if gave[0]:
            return "One picture is an anecdote; the share over many stands below."
        return "This search found nothing, which is no proof that there is nothing."
    if all(gave):
        return "Both gave way: at this size the training did not change the verdict."
    if not any(gave):
        return (
            "Neither gave way: this search found nothing, which is no proof that there is nothing."
        )
    held, fooled = names[gave.index(False)], names[gave.index(True)]
    first, second = (record(one.model) for one in outcomes)
    stronger = max((first, second), key=lambda r: (r.is_robust, r.training_eps))
    if first.is_robust == second.is_robust and first.training_eps == second.training_eps:
        return f"On this picture {fooled} gave way and {held} did not."
    if outcomes[gave.index(False)].model == stronger.id:
        return f"On this picture {held} held, against this attack."
    return (
        f"Here {fooled}, the one with the stronger training, gave way, and {held} did not: "
        "robust training is no promise for a single picture."
    )


def _saved(outcomes: Sequence[Outcome], names: Sequence[str]) -> str:
    """Say where the 8-bit file fares otherwise than the exact picture."""
    told = [
        f" Saved as an 8-bit file, the picture made on {name} gives {one.eight_bit}."
        for one, name in zip(outcomes, names, strict=True)
        if one.judged(one.eight_bit) != one.kind
    ]
    return "".join(told)


def _counted(outcomes: Sequence[Outcome], names: Sequence[str]) -> str:
    words = {
        FOOLED: "driven to the target" if outcomes[0].target else "fooled",
        ASTRAY: "wrong, but not the target",
        HELD: "still right",
        WRONG: "wrong before the attack",
        MOOT: "at the target before the attack",
    }
    told = []
    for kind in KINDS:
        of = [name for one, name in zip(outcomes, names, strict=True) if one.kind == kind]
        if of:
            told.append(f"{len(of)} {words[kind]} ({', '.join(of)})")
    return f"of {len(outcomes)} networks, {'; '.join(told)}."


def moved(original: Array, adversarial: Array) -> str:
    """Say how far pixels moved, in 255ths: the typical one and the largest."""
    difference = 255 * (adversarial.astype(np.float64) - original)
    if not difference.any():
        return "no pixel moves"
    typical, largest = float(np.sqrt(np.mean(difference**2))), float(np.abs(difference).max())
    return f"a typical pixel moves {_short(typical)} of 255, the largest {_short(largest)}"


def _short(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def strength(norm: str, eps: float) -> str:
    """Write a budget in the unit of its norm."""
    return f"L∞ {255 * eps:.4g}/255" if norm == "linf" else f"{norm.upper()} {eps:g}"
