"""A plan with its images: everything that there is to do, in the order in which it is done."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from advviz.evaluation.explanations.chunks import (
    ANSWER,
    OTHER,
    AlignmentChunk,
    AnswersChunk,
    Chunk,
    FiguresChunk,
    MapsChunk,
)
from advviz.evaluation.explanations.metrics import NULLS
from advviz.evaluation.explanations.plan import ExplanationPlan
from advviz.evaluation.plan import FREE, Plan
from advviz.evaluation.sources import read
from advviz.evaluation.work import Work
from advviz.evaluation.work import prepared as listed
from advviz.models.model_record import RegisteredModule
from advviz.models.randomized import SEEDS, random_copy
from advviz.models.records import record

ROWS = 8
"""Images measured together: what a killed run loses. No image's figures depend on it."""
NEIGHBOURS_AMONG = 1000
"""Images among which the nearest of another class is looked for."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a chunk is about.

    Args:
        rows: of the images.
        model: that is explained.
        method: of the table's rows; None for alignment.
    """

    rows: range
    model: str
    method: str | None


@dataclass(frozen=True, slots=True)
class ExplanationWork:
    """A plan and its images, listed as for an evaluation of accuracy.

    Args:
        plan: what is measured.
        images: where they are, with their labels.
    """

    plan: ExplanationPlan
    images: Work

    def __len__(self) -> int:
        """Count the images."""
        return len(self.images)

    def blocks(self) -> tuple[range, ...]:
        """Cut the images into blocks of rows."""
        return tuple(
            range(first, min(first + ROWS, len(self))) for first in range(0, len(self), ROWS)
        )

    def figures(self, model: str, method: str, rows: range) -> FiguresChunk:
        """Return the measurement of one method on one model, of some rows."""
        plan = self.plan
        block = self.images.block(rows, record(model).input_size)
        answers = AnswersChunk(model=model, block=block)
        options = plan.options(method)

        def maps(on: str, about: str = ANSWER) -> MapsChunk:
            return MapsChunk(
                model=on,
                answers=answers,
                explainer=method,
                options=options,
                about=about,
                seed=plan.seed,
            )

        return FiguresChunk(
            own=maps(model),
            random=maps(random) if (random := _random_copy(model, plan.seed)) else None,
            other=maps(model, OTHER),
            replacements=plan.replacements,
            steps=plan.steps,
            ranked=plan.ranked,
            changes=plan.changes,
            neighbours=plan.neighbours,
            seed=plan.seed,
        )

    def alignment(self, model: str, rows: range) -> AlignmentChunk | None:
        """Return the question about gradients of some rows; None if there is one class only."""
        size = record(model).input_size
        labels = self.images.labels[model]
        near = nearest_of_another_class(self.images, model)
        if near is None:
            return None
        found = [near[row] for row in rows]
        digests, names = self.images.digests[size], self.images.names
        block = self.images.block(rows, size)
        return AlignmentChunk(
            model=model,
            block=block,
            labels=tuple(labels[row] for row in rows),
            near=type(block)(
                source=block.source,
                names=tuple(names[row] for row in found),
                digests=tuple(digests[row] for row in found),
                size=size,
                private=block.private,
            ),
            near_labels=tuple(labels[row] for row in found),
        )

    def pieces(self) -> Iterator[tuple[Piece, Chunk]]:
        """List everything to do: method by method, so that each row of the table comes whole.

        What needs no method comes first, then the nulls, with which all is compared.
        """
        plan = self.plan
        for model in plan.models:
            for rows in self.blocks():
                found = self.alignment(model, rows)
                if found is not None:
                    yield Piece(rows, model, None), found
        for method in (*NULLS, *plan.methods):
            for model in plan.models:
                for rows in self.blocks():
                    yield Piece(rows, model, method), self.figures(model, method, rows)


def _random_copy(model: str, seed: int) -> str | None:
    """Name the network with random weights; None of a module that was registered from Python.

    Such a module has a copy, but parameters of its own are only shuffled in it, and how its
    weights were drawn is not known: a table does not compare with that.
    """
    if isinstance(record(model).weights_origin, RegisteredModule):
        return None
    return random_copy(model, seed % SEEDS)


def prepared(plan: ExplanationPlan, *, private: bool = False) -> ExplanationWork:
    """List and read a plan's images: what cannot be read is said now, not after hours.

    Raises:
        InvalidInputError: see `advviz.evaluation.sources.listed`; or a file that is no image.
    """
    carrier = Plan(
        source=plan.source, models=plan.models, seed=plan.seed, limit=plan.limit, checks=FREE
    )
    return ExplanationWork(plan, listed(carrier, private=private))


def nearest_of_another_class(images: Work, model: str) -> tuple[int, ...] | None:
    """Find for each image the nearest one, in L2 between pixels, that shows another class.

    It is looked for among the first `NEIGHBOURS_AMONG` images.

    Returns:
        A row for each row; None where all that is looked among shows one class.
    """
    size = record(model).input_size
    return _nearest(images.plan.source, images.names, size, images.labels[model])


@lru_cache(8)
def _nearest(
    source: str, names: tuple[str, ...], size: int, labels: tuple[int, ...]
) -> tuple[int, ...] | None:
    among = range(min(len(names), NEIGHBOURS_AMONG))
    if len({labels[row] for row in among}) < 2:
        return None
    pixels = np.stack([read(source, names[row], size).ravel() for row in among])
    shown = np.asarray([labels[row] for row in among])
    found = []
    for row, name in enumerate(names):
        own = pixels[row] if row in among else read(source, name, size).ravel()
        distance = np.square(pixels - own).sum(1)
        distance[shown == labels[row]] = np.inf
        found.append(int(distance.argmin()))
    return tuple(found)
