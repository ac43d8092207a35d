"""What each explainer of the catalogue is told: data alone, so that no torch is loaded for it.

Every field has a default, a range and words, from which pages, flags and links are made. What
all explainers have in common, such as the class and the seed, is no parameter.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Self

from advviz.errors import InvalidInputError
from advviz.fields import AUTO, check, choice, count, number, switch, text

LAYER_NAME = re.compile(r"[A-Za-z0-9_.]+")


class Params:
    """Parameters that refuse values out of range."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Refuse values out of range, in one sentence."""
        check(self)

    def resolved(self, _size: int) -> Self:
        """Return the parameters without "auto", for pictures of so many pixels a side.

        What "auto" stands for may depend on the network too, as a layer does; it then stays.
        """
        return self

    def amount(self, _size: int) -> int:
        """Count the steps of the progress, for pictures of so many pixels a side; 1: none."""
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing(Params):
    """No parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothGrad(Params):
    """Averaging over noisy copies."""

    samples: int = count(50, 1, 1000, "SmoothGrad: noisy copies")
    sigma: float = number(0.15, 0.0, 10.0, "SmoothGrad: standard deviation of the noise")
    sigma_unit: str = choice(
        "range", ("range", "absolute"), "SmoothGrad: sigma of the image's range, or in pixels"
    )
    magnitude: str = choice("signed", ("signed", "squared"), "SmoothGrad: what is averaged")


BASELINES = ("black", "white", "blurred", "mean", "noise")
"""Pictures that stand for the absence of everything."""
RULES = (
    "gauss-legendre", "trapezoid", "riemann-left", "riemann-middle", "riemann-right",
)  # fmt: skip
MOST_WINDOWS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegratedGradients(Params):
    """The gradient along the path from a baseline to the picture."""

    baseline: str = choice(
        "black",
        (*BASELINES, "several"),
        "where the path begins: a picture without anything; several: the mean over all five",
    )
    steps: int = count(50, 2, 500, "points of each path")
    quadrature: str = choice("gauss-legendre", RULES, "rule of the integral")

    def amount(self, _size: int) -> int:
        """Count the points of all paths."""
        return self.steps * (len(BASELINES) if self.baseline == "several" else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedGradients(Params):
    """The gradient at random points between the picture and reference pictures."""

    samples: int = count(200, 1, 2000, "points, each on the way from a picture drawn at random")

    def amount(self, _size: int) -> int:
        """Count the points."""
        return self.samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Occlusion(Params):
    """A window that slides over the picture and hides what is behind it."""

    window: int | str = count(
        8, 1, 512, "side of the window in pixels; auto: an eighth of the picture's", auto=True
    )
    stride: int | str = count(
        4, 1, 512, "pixels from one window to the next; auto: half a window", auto=True
    )
    baseline: str = choice("black", BASELINES, "what the window shows instead")

    def resolved(self, size: int) -> "Occlusion":
        """Return the window and the stride for pictures of so many pixels a side.

        Raises:
            InvalidInputError: a window larger than the picture, windows that leave gaps, or more
                windows than anybody waits for.
        """
        window = max(1, size // 8) if self.window == AUTO else int(self.window)
        stride = max(1, window // 2) if self.stride == AUTO else int(self.stride)
        if window > size:
            raise InvalidInputError(f"window must lie in [1, {size}] on this model, got {window}")
        if stride > window:
            raise InvalidInputError(
                f"stride must be at most the window, {window}, so that no pixel is left out, "
                f"got {stride}"
            )
        settled = replace(self, window=window, stride=stride)
        if settled._windows(size) > MOST_WINDOWS:
            raise InvalidInputError(
                f"at most {MOST_WINDOWS} windows are tried, got {settled._windows(size)}; take a "
                "larger stride"
            )
        return settled

    def _windows(self, size: int) -> int:
        return (-(-(size - int(self.window)) // int(self.stride)) + 1) ** 2

    def amount(self, size: int) -> int:
        """Count the windows."""
        return self.resolved(size)._windows(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class RISE(Params):
    """Random masks, weighted by the score that each leaves."""

    masks: int = count(1000, 1, 10_000, "random masks")
    cells: int = count(7, 1, 64, "cells of a mask a side, before it is enlarged")
    kept: float = number(0.5, 0.05, 0.95, "share of the cells that a mask leaves visible")
    baseline: str = choice("black", BASELINES, "what a mask shows instead")
    centred: bool = switch(
        True, "subtract the mean score, so that 0 means no influence; no: as in the paper"
    )

    def amount(self, _size: int) -> int:
        """Count the masks."""
        return self.masks


def layer() -> Any:
    """Declare the layer that a map is taken from; see `check_layer`."""
    return text("layer, by its name; auto: the last one with spatial extent", default=AUTO)


def check_layer(name: str) -> None:
    """Refuse a layer that no module can be called.

    Raises:
        InvalidInputError: with what a name looks like.
    """
    if LAYER_NAME.fullmatch(name) is None:
        raise InvalidInputError(
            f"layer must be a module's name such as layer4 or features.3, or auto, got {name!r}"
        )
