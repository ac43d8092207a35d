"""What each explainer of the catalogue is told: data alone, so that no torch is loaded for it.

Every field has a default, a range and words, from which pages, flags and links are made. What
all explainers have in common, such as the class and the seed, is no parameter.
"""

import re
from dataclasses import dataclass
from typing import Any, Self

from advviz.errors import InvalidInputError
from advviz.fields import AUTO, check, choice, count, number, text

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
