"""Threat models: which images an attacker may reach from an image.

Each is a norm ball of radius `eps` around the image, cut with the box [0, 1] of valid
pixels. `eps` and every distance are over all C·H·W values of an image with pixels in
[0, 1]. An attack needs five things of a ball: a random point in it, the way back into it, the
direction that raises a linear function most, a step that way within the box, and its distance.

Every image that `project` returns is within `eps` when the distance is measured in
float64, not merely up to rounding.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from advviz.errors import InvalidInputError
from advviz.threat_models.ball import NORMS, Norm, ThreatModel
from advviz.threat_models.l1 import L1Ball
from advviz.threat_models.l2 import L2Ball
from advviz.threat_models.linf import LinfBall
from advviz.threat_models.rows import (
    happens_in_no_row,
    largest_magnitudes,
    row_norms,
    scaled_to_unit_max,
)

__all__ = [
    "NORMS",
    "L1Ball",
    "L2Ball",
    "LinfBall",
    "Norm",
    "ThreatModel",
    "happens_in_no_row",
    "largest_magnitudes",
    "row_norms",
    "scaled_to_unit_max",
    "threat_model",
]

_BALLS: Mapping[str, Callable[[float], ThreatModel]] = MappingProxyType(
    {"l1": L1Ball, "l2": L2Ball, "linf": LinfBall}
)


def threat_model(norm: str, eps: float) -> ThreatModel:
    """Make the ball of radius `eps` in a norm given by name ("l1", "l2" or "linf").

    Raises:
        InvalidInputError: an unknown norm, or an eps that is negative or not finite.
    """
    if norm not in _BALLS:
        raise InvalidInputError(f"norm must be one of {', '.join(_BALLS)}, got {norm!r}")
    return _BALLS[norm](eps)
