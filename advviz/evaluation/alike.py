"""What a comparison of maps came to: each figure beside what it is held against, in words."""

from dataclasses import dataclass

import numpy as np

from advviz.experiments.result import Array, Result

MEASURES = ("rank", "signed_rank", "ssim", "overlap")
"""What the last axis of the figures of a result counts through."""
RANK = 0
"""The measure that the verdicts go by."""
MARGIN = 0.05
"""By how much the figure must lie below that of noise to be told from it: noise has few draws."""

SENTENCES = {
    "undefined": "not enough to tell: one of the maps is the same everywhere.",
    "restless": (
        "not enough to tell: noise of the attack's size alone replaces the map just as well."
    ),
    "noise": ("hardly the attack's doing: noise of the same size changes the map as much."),
    "chance": (
        "no more alike than random maps with the same values and spectrum: nothing is left "
        "of the map."
    ),
    "photos": (
        "no more alike than the maps of different photos: what made it the map of this "
        "picture is gone."
    ),
    "changed": (
        "changed more than noise of the same size changes it, and still more alike than the "
        "maps of different photos."
    ),
}
"""What can come out, by the id of the verdict."""
LIMITS = (
    "Alike maps do not mean that the network sees the same, nor unlike ones that it has other "
    "reasons: a map can turn while the answer stays, and stay while the answer turns."
)


@dataclass(frozen=True, slots=True)
class Range:
    """The smallest and the largest of some figures; NaN where none is defined."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Array) -> "Range":
        """Take the ends of the figures that are defined."""
        known = values[np.isfinite(values)]
        return cls(float(known.min()), float(known.max())) if len(known) else cls(np.nan, np.nan)


@dataclass(frozen=True, slots=True)
class Held:
    """How alike the maps for one class are before and after, and what that is held against.

    Args:
        value: the figure; NaN where it is not defined.
        noisy: of the map against those of copies with noise of the attack's size.
        photos: of the map against those of other photos.
        random: of random maps with the same values and spectrum.
        seeds: of the map against itself with other random numbers; None where it draws none.
    """

    value: float
    noisy: Range
    photos: Range
    random: Range
    seeds: float | None

    @property
    def verdict(self) -> str:
        """Return what came out: a key of `SENTENCES`."""
        if not np.isfinite(self.value):
            return "undefined"
        # Comparisons with an end that is not defined are false.
        by_chance, as_others = self.value <= self.random.high, self.value <= self.photos.high
        if self.value >= self.noisy.low - MARGIN:
            return "restless" if by_chance or as_others else "noise"
        if by_chance:
            return "chance"
        return "photos" if as_others else "changed"


def held(result: Result, place: int, measure: int = RANK) -> Held:
    """Read what the maps for a class are held against.

    The figures of noise, photos and seeds are those of the first class, for both.

    Args:
        result: of an `AlikeSpec`.
        place: 0 for the first class, 1 for the second.
        measure: the place of a measure in `MEASURES`.
    """
    arrays = result.arrays
    seeds = arrays.get("seeds")
    return Held(
        value=float(arrays["pairs"][place, measure]),
        noisy=Range.of(arrays["noisy"][:, measure]),
        photos=Range.of(arrays["photos"][:, measure]),
        random=Range.of(arrays["random"][place, :, measure]),
        seeds=None if seeds is None else float(seeds[0, measure]),
    )


def figure(value: float | None) -> str:
    """Write a figure with two digits; a dash where it is not defined."""
    if value is None or not np.isfinite(value):
        return "–"
    written = f"{abs(value):.2f}"
    return f"−{written}" if value < 0 and float(written) > 0 else written


def ends(of: Range) -> str:
    """Write the ends of some figures; one, where they are the same."""
    low, high = figure(of.low), figure(of.high)
    return low if low == high else f"{low} … {high}"
