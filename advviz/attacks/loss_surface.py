"""The loss around an image: a flat piece of pixel space, and what a classifier says on it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.attacks.best import check_pixels
from advviz.errors import InvalidInputError
from advviz.noise import Noise
from advviz.protocol import Answer, Procedure, Progress, Query
from advviz.threat_models import row_norms, scaled_to_unit_max

ALONG = (-1.0, 1.5)
"""How far the piece reaches in the direction of the attack: 0 is the image, 1 the attacked one."""
ACROSS = (-1.25, 1.25)
"""How far it reaches to either side."""


@dataclass(frozen=True, slots=True, eq=False)
class LossSurface:
    """What a classifier says on a grid of P × P points.

    Args:
        along: [P] places in the direction of the attack, in lengths of its change.
        across: [P] places in a random direction orthogonal to it, in the same lengths.
        logits: [P, P, K]; the first index counts `across`, the second `along`.
        length: L2 length of the attack's change.
    """

    along: Tensor
    across: Tensor
    logits: Tensor
    length: float


def loss_surface(
    images: Tensor, attacked: Tensor, points: int, *, noise: Noise
) -> Procedure[LossSurface]:
    """Ask a classifier about a grid around an image, by exact queries, a line of it at a time.

    The piece is flat: pixels are not cut off at 0 and 1, so that a linear classifier gives a
    plane. With a number of points that is 1 more than a multiple of 10, the image and the
    attacked image are points of the grid.

    Args:
        images: [1, C, H, W] in [0, 1].
        attacked: [1, C, H, W], the same image after an attack.
        points: P >= 2 a side.
        noise: draws the other direction.

    Raises:
        InvalidInputError: more than one image, too few points, or an attack without a change.

    Reference: Li et al., NeurIPS 2018, arXiv:1712.09913, for surfaces along two directions.
    """
    check_pixels(images)
    if len(images) != 1 or points < 2:
        raise InvalidInputError(
            f"a surface needs one image and at least 2 points, got {len(images)} and {points}"
        )
    change = (attacked - images).double()
    length = float(row_norms(change))
    if length == 0:
        raise InvalidInputError(
            "the attack changed nothing and has no direction; use more strength or another attack"
        )
    side = _orthogonal(change / length, noise.streams(images).normal("surface")) * length
    along = torch.linspace(*ALONG, points, dtype=torch.float64, device=images.device)
    across = torch.linspace(*ACROSS, points, dtype=torch.float64, device=images.device)
    lines = []
    for number, place in enumerate(across):
        line = images.double() + place * side + along.view(-1, 1, 1, 1) * change
        progress = Progress("loss around the picture", number, points)
        answer: Answer = yield Query(line.to(images), gradient=False, exact=True, progress=progress)
        lines.append(answer.logits)
    return LossSurface(along, across, torch.stack(lines), length)


def _orthogonal(direction: Tensor, drawn: Tensor) -> Tensor:
    """Return the part of a drawn [1, C, H, W] that is orthogonal to a unit one, at length 1."""
    drawn = drawn.double()
    rest = scaled_to_unit_max(drawn - (drawn * direction).sum() * direction)
    return rest / row_norms(rest)
