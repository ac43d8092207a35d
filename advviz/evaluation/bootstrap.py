"""Means with intervals that assume no distribution: images are drawn again, with replacement."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from advviz.experiments.result import Array

DRAWS = 2000
SEED = 0
LEAST = 3
"""Images below which no interval is given: there is nothing to draw from."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over images and its 95% interval.

    Args:
        mean: of the images where the figure is defined.
        low: end of the interval; None of fewer than `LEAST` images.
        high: the other end.
        n: images where the figure is defined, >= 1.
    """

    mean: float
    low: float | None
    high: float | None
    n: int

    def as_dict(self) -> dict[str, float | int | None]:
        """Return it as JSON has it."""
        return {"mean": self.mean, "low": self.low, "high": self.high, "n": self.n}


def estimated(values: Array | Sequence[float]) -> Estimate | None:
    """Estimate the mean of one value an image; None if there is no finite one.

    The interval is the 2.5% and 97.5% quantile of the means of `DRAWS` samples of the images,
    as many as there are, drawn with replacement from a seed of their own. It says what other
    images might have given, not what another training of the model might have.

    Args:
        values: [n]; what is not finite is left out.

    Reference: Efron, Annals of Statistics 1979 (percentile bootstrap).
    """
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite)]
    n = len(finite)
    if n == 0:
        return None
    if n < LEAST:
        return Estimate(float(finite.mean()), None, None, n)
    low, high = np.quantile(_times_drawn(n) @ finite / n, (0.025, 0.975))
    return Estimate(float(finite.mean()), float(low), float(high), n)


@lru_cache(4)  # a table asks for the same numbers of images again and again
def _times_drawn(n: int) -> Array:
    """Count how often each of n images is drawn in each sample [DRAWS, n]."""
    times = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), DRAWS)
    return times.astype(np.float64)


def difference(first: Array, second: Array) -> Estimate | None:
    """Estimate the mean of first − second over the images where both are finite.

    Paired: both are of the same images, so that what is hard about an image cancels.
    """
    return estimated(np.asarray(first, np.float64) - np.asarray(second, np.float64))
