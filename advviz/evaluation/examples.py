"""Pictures for a report: images before and after the attack that was not stopped early."""

from collections.abc import Callable

import numpy as np

from advviz import pictures
from advviz.evaluation import figures
from advviz.evaluation.report_parts import Example
from advviz.evaluation.sources import read
from advviz.evaluation.tally import Tally
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Array, Result
from advviz.models.records import record

EACH = 4
"""Pictures a model."""
GAIN = 10


def examples(tally: Tally, find: Callable[[Spec], Result | None]) -> tuple[Example, ...]:
    """Choose the same few images for every model, and show what an attack made of them.

    They are spread evenly over the images that all of the models get right; nobody picked them.

    Args:
        tally: what was measured.
        find: returns a result if it is known.
    """
    work, found = tally.work, []
    rows = _chosen(tally)
    for model in work.plan.models:
        cell = figures.full_cell(tally, model)
        if cell is None:
            continue
        for row in rows:
            block = next(block for block in work.blocks() if row in block)
            made = find(work.chunk(cell, block))
            if made is not None:
                adversarial = made.arrays["adversarial"][row - block.start]
                found.append(_example(tally, model, row, adversarial))
    return tuple(found)


def _chosen(tally: Tally) -> list[int]:
    right = np.logical_and.reduce([tally.probes[m].right for m in tally.work.plan.models])
    rows = np.flatnonzero(right)
    if not len(rows):
        return []
    places = np.linspace(0, len(rows) - 1, min(EACH, len(rows))).round().astype(int)
    return [int(row) for row in rows[np.unique(places)]]


def _example(tally: Tally, model: str, row: int, adversarial: Array) -> Example:
    cell = figures.full_cell(tally, model)
    if cell is None:
        raise KeyError(model)
    described, of = record(model), tally.cells[cell]
    before = read(tally.work.plan.source, tally.work.names[row], described.input_size)
    first, last = described.classes[int(of.before[row])], described.classes[int(of.after[row])]
    verdict = f"✗ {first} → {last}" if of.fooled[row] else f"✓ stays {first}"
    return Example(
        model=model,
        before=pictures.png(pictures.photo(before)),
        after=pictures.png(pictures.photo(adversarial)),
        change=pictures.png(pictures.perturbation(before, adversarial, GAIN)),
        words=f"{verdict}; {cell.attack}, {cell.budget}; change drawn ×{GAIN}; "
        f"{tally.work.names[row]}",
    )
