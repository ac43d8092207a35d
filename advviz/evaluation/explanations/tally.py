"""Everything that was measured of a plan, one figure an image."""

from dataclasses import dataclass, field

import numpy as np

from advviz.compute import Engine
from advviz.evaluation.explanations.metrics import ALIGNMENT, METRICS
from advviz.evaluation.explanations.work import ExplanationWork, Piece
from advviz.experiments.result import Array, Result


@dataclass(slots=True, eq=False)
class ExplanationTally:
    """What is known of a plan; nan where a figure is not known, or not defined.

    Args:
        work: what there is to measure.
        values: by model, method and metric: one figure an image [n], the mean over replacements
            where there are several.
        by_replacement: by model, method, metric and replacement, the same before the mean.
        aligned: by model and figure [n].
        refused: by model and method, why the method does not take the network.
        done: by model and method, images measured.
    """

    work: ExplanationWork
    values: dict[tuple[str, str, str], Array] = field(default_factory=dict)
    by_replacement: dict[tuple[str, str, str, str], Array] = field(default_factory=dict)
    aligned: dict[tuple[str, str], Array] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    done: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with nothing known."""
        plan, count = self.work.plan, len(self.work)
        for model in plan.models:
            for figure in ALIGNMENT:
                self.aligned[model, figure] = np.full(count, np.nan)
            for method in plan.rows:
                self.done[model, method] = 0
                for metric in METRICS:
                    self.values[model, method, metric.key] = np.full(count, np.nan)

    def add(self, piece: Piece, result: Result) -> None:
        """Take in the result of a piece."""
        rows = slice(piece.rows.start, piece.rows.stop)
        if piece.method is None:
            for figure in ALIGNMENT:
                self.aligned[piece.model, figure][rows] = result.arrays[figure]
            return
        self.done[piece.model, piece.method] += len(piece.rows)
        if "refused" in result.facts:
            self.refused[piece.model, piece.method] = str(result.facts["refused"])
            return
        for metric in METRICS:
            self._take(piece.model, piece.method, metric.key, rows, result.arrays[metric.key])

    def _take(self, model: str, method: str, metric: str, rows: slice, found: Array) -> None:
        if found.ndim == 1:
            self.values[model, method, metric][rows] = found
            return
        for name, each in zip(self.work.plan.replacements, found, strict=True):
            place = (model, method, metric, name)
            empty = np.full(len(self.work), np.nan)
            self.by_replacement.setdefault(place, empty)[rows] = each
        known = np.isfinite(found)
        total = np.where(known, found, 0).sum(0)
        count = known.sum(0)
        mean = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        self.values[model, method, metric][rows] = mean

    @property
    def progress(self) -> tuple[int, int]:
        """Count the images that are measured, over all rows of the table, and all of them."""
        return sum(self.done.values()), len(self.done) * len(self.work)


def known(work: ExplanationWork, engine: Engine) -> ExplanationTally:
    """Gather what is already there; nothing is computed."""
    tally = ExplanationTally(work)
    for piece, chunk in work.pieces():
        found = engine.peek(chunk)
        if found is not None:
            tally.add(piece, found)
    return tally
