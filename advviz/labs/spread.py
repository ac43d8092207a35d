"""The spread of a measure over seeds: its mean, and the lowest and the highest."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """A measure over seeds.

    Args:
        value: the mean.
        low: the lowest.
        high: the highest. An interval from the lowest to the highest of n independent seeds
            holds the median of all seeds with probability 1 − 2^(1 − n), whatever their
            distribution: 99.8% for ten.
        seeds: each one, in order; None where there was nothing to measure.
    """

    value: float
    low: float
    high: float
    seeds: tuple[float | None, ...]

    def as_dict(self) -> dict[str, float | list[float | None]]:
        """Return it for JSON."""
        return {"value": self.value, "low": self.low, "high": self.high, "seeds": [*self.seeds]}


def spread(values: Sequence[float | None]) -> Spread | None:
    """Return the spread of the seeds that have a value; None where none has."""
    known = tuple(value for value in values if value is not None)
    if not known:
        return None
    return Spread(sum(known) / len(known), min(known), max(known), tuple(values))
