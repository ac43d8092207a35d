"""The L1 ball within the box: few pixels may change much, or many a little.

Here the box decides where an attack goes: eps is often larger than 1, and no pixel can move
further than to 0 or 1. Projecting onto the ball and then clamping would neither give the
nearest point nor spend the budget, so both are projected onto at once.

Reference: Croce & Hein, ICML 2021, arXiv:2103.01208.
"""

from dataclasses import dataclass
from math import log
from typing import ClassVar

import torch
from torch import Tensor

from advviz.noise import Stream
from advviz.threat_models.ball import Norm
from advviz.threat_models.rows import check_eps, happens_in_no_row, moved_inward

SPARSITY = 0.01
"""Share of all values that a step spreads over, as in SLIDE (Tramèr & Boneh, 2019)."""
MARGIN = 1e-10
"""Relative shrinkage of a change, for the rounding of its float64 norm."""
TINY = 1e-300
SUMMATION = 1e-13
"""Relative rounding of a float64 sum, in whatever order."""


@dataclass(frozen=True, slots=True)
class L1Ball:
    """All images whose pixel changes add up to `eps` at most."""

    norm: ClassVar[Norm] = "l1"
    eps: float

    def __post_init__(self) -> None:
        check_eps(self.eps)

    def start(self, images: Tensor, stream: Stream) -> Tensor:
        """Draw uniformly from the ball: Laplace numbers, by their sum and one more exponential.

        Reference: Barthe et al., Annals of Probability 33 (2005), arXiv:math/0503650.
        """
        normal = stream.normal("start direction").double()
        # The probability of a larger magnitude is uniform, so minus its logarithm exponential.
        magnitudes = -torch.special.log_ndtr(-normal.abs()) - log(2)
        beyond = -torch.log1p(-stream.uniform("start radius").double())
        total = magnitudes.sum((1, 2, 3), keepdim=True) + beyond
        change = self.eps * normal.sign() * magnitudes / total
        return self.project(images, (images.double() + change).to(images))

    def project(self, images: Tensor, candidates: Tensor) -> Tensor:
        """Return the nearest images of ball and box; what is inside already stays as it is."""
        change = candidates.double() - images.double()
        sizes, room = change.abs(), room_of(images.double(), change)
        length = torch.minimum(sizes, room).sum((1, 2, 3), keepdim=True)
        inside = length <= self.eps * (1 - SUMMATION)
        near = candidates.clamp(0, 1)
        if happens_in_no_row(~inside):
            return near
        wanted = self.eps * (1 - MARGIN)
        shrunk = shrunk_to(sizes, room, wanted)
        # A small remainder of large sizes carries their rounding, and may be a little too long.
        share = wanted / shrunk.sum((1, 2, 3), keepdim=True).clamp_min(TINY)
        moved = moved_inward(images, change.sign() * shrunk * share.clamp_max(1))
        return torch.where(inside, near, moved.clamp(0, 1))

    def steepest(self, gradients: Tensor) -> Tensor:
        """Return equal changes of the 1% of all values whose gradients are largest.

        One value alone would raise a linear function most. A network is linear only nearby, so
        no value moves further than it does here; within that, this is the steepest.
        """
        sizes = gradients.abs().flatten(1)
        chosen = sizes.topk(_spread(sizes), dim=1).indices
        direction = torch.zeros_like(sizes).scatter_(1, chosen, 1).mul_(gradients.flatten(1).sign())
        count = direction.abs().sum(1, keepdim=True).clamp_min(1)
        return (direction / count).view_as(gradients)

    def stepped(self, points: Tensor, gradients: Tensor, length: float) -> Tensor:
        """Return the points after the steepest step of this length that stays in the box.

        The largest gradients come first, each value moves by `length` / 1% of all at most and
        not out of the box, until the length is used up. That solves the linear programme.
        """
        sizes = gradients.abs().flatten(1)
        room = room_of(points, gradients).flatten(1) * (sizes > 0)
        order = sizes.argsort(dim=1, descending=True, stable=True)
        room = room.gather(1, order).clamp_max(length / _spread(sizes))
        left = length - (room.cumsum(1) - room)
        step = torch.zeros_like(room).scatter_(1, order, left.clamp_min(0).minimum(room))
        return points + step.view_as(points) * gradients.sign()

    def distance(self, images: Tensor, others: Tensor) -> Tensor:
        """Add up the pixel changes of each row."""
        return (others.double() - images.double()).abs().sum((1, 2, 3))


def _spread(values: Tensor) -> int:
    return max(1, int(SPARSITY * values.shape[1]))


def room_of(images: Tensor, directions: Tensor) -> Tensor:
    """Return how far each pixel can move to the side that the sign of its direction names."""
    return torch.where(directions > 0, 1 - images, images)


def shrunk_to(sizes: Tensor, room: Tensor, radius: float | Tensor) -> Tensor:
    """Return the nearest magnitudes [N, C, H, W] within their room whose sum is the radius.

    By the conditions of optimality every size gives up the same amount, is not negative, and
    is then cut to its room: min(max(size − amount, 0), room). The sum of those, as a function
    of the amount, is made of straight pieces with two corners a pixel; it is followed from
    the largest amount downwards to the piece on which it reaches the radius.

    Args:
        sizes: float64, >= 0; their sum within the room exceeds the radius.
        room: float64, >= 0.
        radius: one for all rows, or [N, 1, 1, 1].
    """
    begin, full = sizes.flatten(1), (sizes - room).clamp_min(0).flatten(1)
    corners, order = torch.cat([begin, full], 1).sort(dim=1, descending=True, stable=True)
    bends = torch.cat([torch.ones_like(begin), -torch.ones_like(full)], 1).gather(1, order)
    slopes = bends.cumsum(1)
    sums = (slopes[:, :-1] * (corners[:, :-1] - corners[:, 1:])).cumsum(1)
    sums = torch.cat([torch.zeros_like(sums[:, :1]), sums], 1)
    wanted = torch.as_tensor(radius, device=sizes.device, dtype=sizes.dtype)
    wanted = wanted.expand(len(sizes), 1, 1, 1).reshape(-1, 1).contiguous()
    piece = torch.searchsorted(sums, wanted, right=True) - 1
    missing = wanted - sums.gather(1, piece)
    amount = corners.gather(1, piece) - missing / slopes.gather(1, piece).clamp_min(1)
    return (sizes - amount.view(-1, 1, 1, 1)).clamp_min(0).minimum(room)
