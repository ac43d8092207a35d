"""What each explainer is told that looks inside the network: data alone, without torch."""

from dataclasses import dataclass

from advviz.explain.parameters import BASELINES, Params, check_layer, layer
from advviz.fields import choice, number, switch

UPSAMPLING = ("bilinear", "nearest")
"""How a coarse map is enlarged: with a smooth course between positions, or in squares."""
COMPOSITE, EPSILON = "composite", "epsilon"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepLift(Params):
    """Differences from a baseline, passed back by their quotients."""

    baseline: str = choice(
        "black",
        (*BASELINES, "several"),
        "what the picture is compared with: a picture without anything; several: the mean over "
        "all five",
    )

    def amount(self, _size: int) -> int:
        """Count the baselines."""
        return len(BASELINES) if self.baseline == "several" else 1


class _OfLayer(Params):
    """Parameters with a layer."""

    __slots__ = ()
    layer: str

    def __post_init__(self) -> None:
        """Refuse values out of range, and what is no module's name."""
        Params.__post_init__(self)
        check_layer(self.layer)


@dataclass(frozen=True, slots=True, kw_only=True)
class GradCam(_OfLayer):
    """Where a layer's channels that speak for a class are active."""

    layer: str = layer()
    positive: bool = switch(
        True, "keep what speaks for the class alone, as in the paper; no: a map with signs"
    )
    upsampling: str = choice("bilinear", UPSAMPLING, "how the coarse map is enlarged")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidedGradCam(_OfLayer):
    """Guided backpropagation where Grad-CAM is positive."""

    layer: str = layer()
    upsampling: str = choice("bilinear", UPSAMPLING, "how the coarse map is enlarged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance(Params):
    """The score, handed back layer by layer in shares."""

    rules: str = choice(
        COMPOSITE,
        (COMPOSITE, EPSILON),
        "composite: gamma at convolutions, epsilon at linear layers, the box rule at the pixels; "
        "epsilon: everywhere",
    )
    gamma: float = number(
        0.25, 0.0, 100.0, "composite: how much positive contributions are preferred"
    )
    epsilon: float = number(
        1e-6, 0.0, 1.0, "added to the size of each output before it is divided by"
    )

    def amount(self, _size: int) -> int:
        """Count the two passes: one that finds out what the network does, one by the rules."""
        return 2
