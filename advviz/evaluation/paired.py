"""The difference of two shares that were measured on the same images."""

from math import sqrt

from advviz.errors import InvalidInputError
from advviz.evaluation.wilson import wilson


def paired_interval(only_first: int, only_second: int, both: int, n: int) -> tuple[float, float]:
    """Return the 95% interval of first share − second share, by Newcombe's method 10.

    It combines the Wilson intervals of both shares with their correlation, and unlike the
    textbook interval it has a width where the two never disagree.

    Args:
        only_first: images that count in the first share alone.
        only_second: in the second alone.
        both: in both.
        n: all images, >= 1.

    Raises:
        InvalidInputError: counts that do not fit into n.

    Reference: Newcombe, Statistics in Medicine 17, 1998, pages 2635 to 2650.
    """
    neither = n - only_first - only_second - both
    if n < 1 or min(only_first, only_second, both, neither) < 0:
        raise InvalidInputError(
            f"paired counts must be >= 0 and sum to n >= 1, got {only_first}, {only_second}, "
            f"{both} of {n}"
        )
    first, second = (both + only_first) / n, (both + only_second) / n
    low1, high1 = wilson(both + only_first, n)
    low2, high2 = wilson(both + only_second, n)
    phi = _correlation(both, only_first, only_second, neither)
    below1, above1 = first - low1, high1 - first
    below2, above2 = second - low2, high2 - second
    down = sqrt(max(below1**2 - 2 * phi * below1 * above2 + above2**2, 0.0))
    up = sqrt(max(above1**2 - 2 * phi * above1 * below2 + below2**2, 0.0))
    return max(first - second - down, -1.0), min(first - second + up, 1.0)


def _correlation(both: int, only_first: int, only_second: int, neither: int) -> float:
    """Return phi of the two-by-two table, corrected for continuity where it is positive."""
    margins = (
        (both + only_first)
        * (only_second + neither)
        * (both + only_second)
        * (only_first + neither)
    )
    if margins == 0:
        return 0.0
    n = both + only_first + only_second + neither
    product = float(both * neither - only_first * only_second)
    if product > 0:
        product = max(product - n / 2, 0.0)
    return product / sqrt(margins)
