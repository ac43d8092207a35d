"""How alike two maps are, whatever they are drawn like.

Of one pair, in NumPy: the pages that say it open without PyTorch, which batches of maps are
compared with (`advviz.explain.similarity`).
"""

import numpy as np
from numpy.typing import NDArray

from advviz.pictures.arrays import Floats, planes


def rank_correlation(first: Floats, second: Floats) -> float:
    """Compare where two maps are dark: Spearman's correlation of the amounts of their pixels.

    Args:
        first: [C, H, W]; a pixel's amount is the sum over c of the absolute values.
        second: likewise, of the same height and width.

    Returns:
        In [-1, 1]: 1 for the same order of pixels, about 0 for unrelated ones; 0 for a map
        without any structure.

    Raises:
        InvalidInputError: a map that is not [C, H, W], or not finite.

    Reference: Adebayo et al., NeurIPS 2018, section 4, arXiv:1810.03292, who compare the maps of
        a network with those of its copies with random weights by it.
    """
    ranks = [_ranks(np.abs(planes(each, "map")).sum(axis=0).ravel()) for each in (first, second)]
    one, other = (rank - rank.mean() for rank in ranks)
    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / scale if scale else 0.0


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank values from 0; equal ones share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    found: NDArray[np.float64] = ((2 * last - counts - 1) / 2)[inverse]
    return found
