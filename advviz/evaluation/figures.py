"""The figures of an evaluation, from one decision an image."""

from dataclasses import dataclass

import numpy as np

from advviz.attacks.catalogue import attack_named
from advviz.evaluation.plan import FULL, PLAIN, Budget, Cell, whole_box
from advviz.evaluation.tally import Tally
from advviz.evaluation.wilson import Share
from advviz.experiments.result import Array
from advviz.models.records import record


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One attack's decisions at one budget, an entry an image.

    Args:
        done: [n] measured.
        survived: [n] right, and not fooled within the budget.
    """

    done: Array
    survived: Array

    @property
    def share(self) -> Share | None:
        """Return the accuracy under the attack; None before anything is done."""
        return share_of(self.survived, self.done)


def share_of(hits: Array, done: Array) -> Share | None:
    """Count hits among what is done; None before anything is."""
    n = int(done.sum())
    return Share(int((hits & done).sum()), n) if n else None


def cell_of(model: str, attack: str, budget: Budget, variant: str = PLAIN) -> Cell:
    """Return the cell that answers for an attack at a budget: a minimal one has one a norm."""
    if attack_named(attack).minimal:
        budget = whole_box(budget.norm, record(model))
    return Cell(model, attack, budget, variant)


def judged(tally: Tally, model: str, attack: str, budget: Budget) -> Judged:
    """Judge an attack at a budget; of a minimal one, by the distance of what it found."""
    found = tally.cells[cell_of(model, attack, budget)]
    fooled = found.fooled
    if attack_named(attack).minimal:
        fooled = fooled & (np.nan_to_num(found.distance, nan=np.inf) <= budget.eps)
    return Judged(found.done, found.right & ~fooled)


def accuracy(tally: Tally, model: str, attack: str, budget: Budget) -> Share | None:
    """Return the accuracy under one attack at one budget."""
    return judged(tally, model, attack, budget).share


def clean(tally: Tally, model: str) -> Share | None:
    """Return the accuracy without an attack."""
    probed = tally.probes[model]
    return share_of(probed.right, probed.done)


def worst(tally: Tally, model: str, budget: Budget) -> Judged:
    """Judge each image by the worst that any attack found within the budget.

    What was found in a smaller ball of the same norm is in this one too, and counts.
    """
    plan = tally.work.plan
    probed = tally.probes[model]
    done, survived = probed.done.copy(), probed.right.copy()
    for eps in plan.radii(budget.norm):
        if eps <= budget.eps:
            for attack in plan.attacks_in(budget.norm):
                each = judged(tally, model, attack.name, Budget(budget.norm, eps))
                done, survived = done & each.done, survived & each.survived
    return Judged(done, survived)


@dataclass(frozen=True, slots=True, eq=False)
class SmallestEps:
    """The smallest change that fools each image that is right as it is.

    Args:
        norm: of the change.
        values: [m], ascending; inf where nothing was found.
        searched: True: by attacks that search for it; False: the smallest eps of the plan.
        n: right images, m.
    """

    norm: str
    values: Array
    searched: bool

    @property
    def n(self) -> int:
        """Count the images."""
        return len(self.values)

    @property
    def median(self) -> float | None:
        """Return the median; None where fewer than half are known to be fooled."""
        if not self.n:
            return None
        middle = float(np.partition(self.values, (self.n - 1) // 2)[(self.n - 1) // 2])
        return middle if np.isfinite(middle) else None

    def curve(self) -> tuple[list[float], list[float]]:
        """Return radii, and the share of images that are fooled within each."""
        finite = self.values[np.isfinite(self.values)]
        radii, counts = np.unique(finite, return_counts=True)
        return [float(r) for r in radii], [float(c) / self.n for c in np.cumsum(counts)]


def smallest_eps(tally: Tally, model: str, norm: str) -> SmallestEps:
    """Find for each right image the smallest change that any attack found.

    Attacks that search for it are asked if there are any; with them, whatever the others
    found counts too, by its measured distance. Otherwise it is the smallest eps of the plan
    at which the image fell.
    """
    plan = tally.work.plan
    attacks, probed = plan.attacks_in(norm), tally.probes[model]
    searched = any(attack.minimal for attack in attacks)
    found = np.full(len(tally.work), np.inf)
    done = probed.done.copy()
    for eps in plan.radii(norm):
        for attack in attacks:
            cell = tally.cells[cell_of(model, attack.name, Budget(norm, eps))]
            done &= cell.done
            reach = np.nan_to_num(cell.distance, nan=np.inf) if searched else eps
            found = np.minimum(found, np.where(cell.fooled, reach, np.inf))
    return SmallestEps(norm, np.sort(found[done & probed.right]), searched)


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """How far an attack went, and how much the answer changed: on average and per image.

    Args:
        attack: its name.
        budget: within which it searched.
        rows: [m] indices of the images that were attacked.
        distance: [m] measured, in the budget's norm.
        change: [m] total variation of the class probabilities, in [0, 1].
        fooled: [m] whether the answer became a wrong one.
    """

    attack: str
    budget: Budget
    rows: Array
    distance: Array
    change: Array
    fooled: Array

    @property
    def means(self) -> tuple[float, float] | None:
        """Return mean distance and mean change; None where nothing was attacked."""
        if not len(self.rows):
            return None
        return float(self.distance.mean()), float(self.change.mean())


def effects(tally: Tally, model: str, norm: str) -> tuple[Effect, ...]:
    """Set attack strength against defence effect, for each attack at each radius."""
    found: dict[Cell, Effect] = {}
    plan = tally.work.plan
    for attack in plan.attacks_in(norm):
        for eps in plan.radii(norm):
            cell = cell_of(model, attack.name, Budget(norm, eps))
            of = tally.cells[cell]
            rows = np.flatnonzero(of.done & np.isfinite(of.distance))
            found[cell] = Effect(
                attack.name, cell.budget, rows, of.distance[rows], of.change[rows], of.fooled[rows]
            )
    return tuple(found.values())


def transfer(tally: Tally, made_on: str, shown_to: str) -> Share | None:
    """Return the share of images that one model is fooled by, made on another, or on itself.

    Of the images that both get right as they are.
    """
    cell = full_cell(tally, made_on)
    if cell is None:
        return None
    labels, made = tally.labels(made_on), tally.cells[cell]
    both = tally.probes[made_on].right & tally.probes[shown_to].right & made.done
    if made_on == shown_to:
        return share_of(made.fooled, both)
    after = tally.transfers[made_on, shown_to]
    return share_of(after != labels, both & (after >= 0))


def full_cell(tally: Tally, model: str) -> Cell | None:
    """Return the cell whose images are shown to other models."""
    cells = tally.work.plan.cells(model)
    return next((cell for cell in cells if cell.variant == FULL), None)


@dataclass(frozen=True, slots=True)
class OfClass:
    """One class's line: how many images, and how many are right, and stay so at a budget."""

    name: str
    clean: Share
    robust: Share


def per_class(tally: Tally, model: str, budget: Budget) -> tuple[OfClass, ...]:
    """Split clean accuracy and the worst case by true class."""
    labels, found = tally.labels(model), worst(tally, model, budget)
    probed, classes = tally.probes[model], record(model).classes
    lines = []
    for label in np.unique(labels):
        of = found.done & (labels == label)
        before, after = share_of(probed.right, of), share_of(found.survived, of)
        if before is not None and after is not None:
            lines.append(OfClass(classes[label], before, after))
    return tuple(lines)


def behind(
    tally: Tally, model: str, attack: str | None, budget: Budget
) -> dict[str, tuple[int, ...]]:
    """List the images behind a point, by what became of them.

    Args:
        tally: what was measured.
        model: id.
        attack: one attack; None for the worst case.
        budget: of the point.

    Returns:
        Rows of the plan's images: "held", "fooled", and "wrong" before the attack.
    """
    found = worst(tally, model, budget) if attack is None else judged(tally, model, attack, budget)
    right = tally.probes[model].right
    return {
        "held": _rows(found.done & found.survived),
        "fooled": _rows(found.done & right & ~found.survived),
        "wrong": _rows(found.done & ~right),
    }


def _rows(flags: Array) -> tuple[int, ...]:
    return tuple(int(row) for row in np.flatnonzero(flags))
