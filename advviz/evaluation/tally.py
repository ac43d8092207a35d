"""What has been measured so far: one decision an image, for every cell of a plan."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from advviz.evaluation.plan import Cell
from advviz.evaluation.work import Piece, Work
from advviz.experiments.result import Array, Result


@dataclass(slots=True, eq=False)
class Decisions:
    """Of one cell, a value an image [n]; what is not done yet is False, or nan.

    Args:
        done: measured.
        right: classified as its label before the attack.
        fooled: no longer, by an exact query on the very image found.
        fooled_eight_bit: the same for the image as saved to an 8-bit file.
        distance: of the image found, in the cell's norm; nan where none was searched.
        change: total variation between the class probabilities before and after, in [0, 1].
        zero_gradient_steps: steps whose gradient was exactly zero.
        queries: −1 where the attack does not count them.
        before: class index that the model gives the image.
        after: class index that it gives the image found.
    """

    done: Array
    right: Array
    fooled: Array
    fooled_eight_bit: Array
    distance: Array
    change: Array
    zero_gradient_steps: Array
    queries: Array
    before: Array
    after: Array

    @classmethod
    def of(cls, count: int) -> "Decisions":
        """Begin with nothing done."""

        def no() -> Array:
            return np.zeros(count, bool)

        def unknown() -> Array:
            return np.full(count, np.nan)

        def none() -> Array:
            return np.full(count, -1, np.int64)

        return cls(no(), no(), no(), no(), unknown(), unknown(), none(), none(), none(), none())

    @property
    def survived(self) -> Array:
        """Say of each image whether it is right, and stayed so [n]."""
        survived: Array = self.right & ~self.fooled
        return survived


@dataclass(slots=True, eq=False)
class Probed:
    """What a model said without being attacked, a value an image [n].

    Args:
        done: asked.
        right: classified as its label.
        zero_gradient: the gradient of the cross-entropy is exactly zero.
        differs_by: the largest difference of a logit between two identical queries.
        largest_logit: in magnitude.
        lowest_logit: the smallest one.
        sum_of_logits: of all classes.
        grey_class: what the model takes plain grey for; None before it was asked.
    """

    done: Array
    right: Array
    zero_gradient: Array
    differs_by: Array
    largest_logit: Array
    lowest_logit: Array
    sum_of_logits: Array
    grey_class: int | None = None

    @classmethod
    def of(cls, count: int) -> "Probed":
        """Begin with nothing asked."""
        flags = [np.zeros(count, bool) for _ in range(3)]
        numbers = [np.zeros(count) for _ in range(4)]
        return cls(flags[0], flags[1], flags[2], numbers[0], numbers[1], numbers[2], numbers[3])


@dataclass(slots=True, eq=False)
class Tally:
    """Everything that was measured of a plan.

    Args:
        work: what there is to measure.
        cells: decisions by cell.
        probes: by model.
        transfers: by the model that the images were made on and the one that is asked, the
            class index that it gives each [n]; −1 where it was not asked yet.
        degraded: pieces for which memory was short.
        numerics: by model, who chose the directions.
    """

    work: Work
    cells: dict[Cell, Decisions] = field(default_factory=dict)
    probes: dict[str, Probed] = field(default_factory=dict)
    transfers: dict[tuple[str, str], Array] = field(default_factory=dict)
    degraded: int = 0
    numerics: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count, plan = len(self.work), self.work.plan
        for model in plan.models:
            self.probes[model] = Probed.of(count)
            for cell in plan.cells(model):
                self.cells[cell] = Decisions.of(count)
            for other in plan.transfers_to(model):
                self.transfers[model, other] = np.full(count, -1, np.int64)

    def add(self, piece: Piece, result: Result) -> None:
        """Take in the result of a piece."""
        rows = slice(piece.rows.start, piece.rows.stop)
        self.degraded += bool(result.facts.get("degraded"))
        if piece.cell is None:
            self._add_probe(self.probes[piece.model], rows, result)
        elif piece.made_on is not None:
            after = result.arrays["logits"].argmax(1)
            self.transfers[piece.made_on, piece.model][rows] = after
        else:
            self.numerics[piece.model] = str(result.facts.get("numerics", "reference"))
            _add_decisions(self.cells[piece.cell], rows, result)

    def _add_probe(self, probed: Probed, rows: slice, result: Result) -> None:
        found, logits = result.arrays, result.arrays["logits"].astype(np.float64)
        probed.done[rows] = True
        probed.right[rows] = found["right"]
        probed.zero_gradient[rows] = found["zero_gradient"]
        probed.differs_by[rows] = found["differs_by"]
        probed.largest_logit[rows] = np.abs(logits).max(1)
        probed.lowest_logit[rows] = logits.min(1)
        probed.sum_of_logits[rows] = logits.sum(1)
        probed.grey_class = int(found["grey"].argmax())

    def labels(self, model: str) -> Array:
        """Return the true class indices [n]."""
        return np.asarray(self.work.labels[model])


def _add_decisions(of: Decisions, rows: slice, result: Result) -> None:
    found = result.arrays
    of.done[rows] = True
    for name in ("right", "fooled", "fooled_eight_bit", "distance", "zero_gradient_steps"):
        getattr(of, name)[rows] = found[name]
    of.queries[rows] = found["queries"]
    before, after = found["clean_logits"], found["logits"]
    of.before[rows], of.after[rows] = before.argmax(1), after.argmax(1)
    changed = 0.5 * np.abs(_softmax(after) - _softmax(before)).sum(1)
    of.change[rows] = np.where(np.isnan(found["distance"]), np.nan, changed)


def _softmax(logits: Array) -> Array:
    shifted = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    shares: Array = shifted / shifted.sum(1, keepdims=True)
    return shares


def complete(cells: Sequence[Decisions]) -> Array:
    """Say of each image whether it is done in all of some cells [n]."""
    done: Array = np.logical_and.reduce([cell.done for cell in cells])
    return done
