"""Distances and budgets in every unit, so that no reader has to convert."""

import numpy as np

from advviz.ui.language import say
from advviz.ui.words import Array, short

HEAD = ("", "L1", "L2", "L2 as RMS a pixel", "L∞, largest pixel")


def head() -> list[str]:
    """The heads of the columns."""
    return [say(name) for name in HEAD]


def measured(before: Array, after: Array) -> list[str]:
    """Measure a change in float64, as cells under `HEAD` but the first."""
    change = after.astype(np.float64) - before.astype(np.float64)
    l2 = float(np.sqrt(np.square(change).sum()))
    return [
        f"{np.abs(change).sum():.4g}",
        f"{l2:.4f}",
        say("{level} of 255", level=short(255 * l2 / change.size**0.5)),
        say("{level} of 255", level=f"{255 * np.abs(change).max():.3g}"),
    ]


def allowed(norm: str, eps: float, count: int) -> list[str]:
    """Say what a budget allows in each norm, as cells under `HEAD` but the first.

    Within one ball every other length is bounded too: a change of L2 length eps has an L∞ of at
    most eps, all of it in one pixel, and an L1 of at most eps times the root of the pixels.

    Args:
        norm: "l1", "l2" or "linf".
        eps: its radius, pixels in [0, 1].
        count: values of the picture, C · H · W.
    """
    l1 = {"l1": eps, "l2": eps * count**0.5, "linf": eps * count}[norm]
    l2 = {"l1": eps, "l2": eps, "linf": eps * count**0.5}[norm]
    linf = min(eps, 1.0)  # the box holds no longer change of one pixel
    most = {name: "" if name == norm else say("at most ") for name in ("l1", "l2", "linf")}
    rms = say("{level} of 255", level=short(255 * l2 / count**0.5))
    return [
        f"{most['l1']}{min(l1, count):.4g}",
        f"{most['l2']}{min(l2, count**0.5):.4g}",
        f"{most['l2']}{rms}",
        most["linf"] + say("{level} of 255", level=f"{255 * linf:.4g}"),
    ]
