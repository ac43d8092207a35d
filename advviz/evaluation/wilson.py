"""Shares with their uncertainty."""

from dataclasses import dataclass
from math import sqrt

from advviz.errors import InvalidInputError

Z95 = 1.959963984540054
"""Quantile of the normal distribution that leaves 2.5% above it."""


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Return the 95% Wilson score interval of a share.

    Unlike the textbook interval it stays within [0, 1] and has a width at 0 and at n.

    Args:
        successes: 0 to n.
        n: trials, >= 1.

    Raises:
        InvalidInputError: no trials, or more successes than trials.

    Reference: Wilson, JASA 1927.
    """
    if n < 1 or not 0 <= successes <= n:
        raise InvalidInputError(f"successes must lie in [0, n] with n >= 1, got {successes} of {n}")
    share, weight = successes / n, Z95**2 / n
    centre = (share + weight / 2) / (1 + weight)
    half = Z95 / (1 + weight) * sqrt(share * (1 - share) / n + weight / (4 * n))
    low = 0.0 if successes == 0 else centre - half
    return low, 1.0 if successes == n else centre + half


@dataclass(frozen=True, slots=True)
class Share:
    """How many of n; its value and 95% interval follow.

    Args:
        successes: 0 to n.
        n: trials, >= 1.
    """

    successes: int
    n: int

    @property
    def value(self) -> float:
        """Return the share, a fraction."""
        return self.successes / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Return its 95% Wilson interval."""
        return wilson(self.successes, self.n)

    def as_dict(self) -> dict[str, float]:
        """Return value, low and high, as JSON has them."""
        low, high = self.interval
        return {"value": self.value, "low": low, "high": high}

    def __str__(self) -> str:
        """Write it for people."""
        low, high = self.interval
        return f"{self.value:.1%} (95% interval {low:.1%} to {high:.1%})"
