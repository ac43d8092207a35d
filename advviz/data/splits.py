"""Splits of labelled images: what is trained on, what weights are chosen on, what is judged."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from advviz.errors import InvalidInputError

Rows = np.ndarray[Any, np.dtype[np.int64]]

SHARES = (0.6, 0.2, 0.2)
"""Of the images of each class: to train on, to choose weights on, to judge on."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rows of a data set, int64, sorted: every row is in one part."""

    train: Rows
    validation: Rows
    test: Rows


def split(labels: Rows, seed: int = 0, shares: tuple[float, float, float] = SHARES) -> Split:
    """Split a data set at random, each class in the same shares.

    The rows of a class depend on the seed and on that class alone. NumPy's global generator is
    not touched.

    Args:
        labels: [N], class indices.
        seed: any integer >= 0.
        shares: of train, validation and test; they add up to 1, and a part whose share is not
            zero gets a row of every class at least.

    Raises:
        InvalidInputError: a class has fewer rows than there are parts.
    """
    parts: tuple[list[Rows], ...] = ([], [], [])
    wanted = sum(share > 0 for share in shares)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) < wanted:
            raise InvalidInputError(
                f"a class needs at least {wanted} images, one for each part of the split, "
                f"got {len(rows)}; add images"
            )
        mixed = np.random.default_rng([seed, int(label)]).permutation(rows)
        first, second = _borders(len(rows), shares)
        for part, chosen in zip(parts, np.split(mixed, [first, second]), strict=True):
            part.append(chosen)
    train, validation, test = (np.sort(np.concatenate(part)) for part in parts)
    return Split(train, validation, test)


def _borders(count: int, shares: tuple[float, float, float]) -> tuple[int, int]:
    """Return where validation and test begin in a class of `count` rows."""
    sizes = [max(1, round(share * count)) if share else 0 for share in shares[1:]]
    return count - sum(sizes), count - sizes[1]
