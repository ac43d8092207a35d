"""The L2 ball: all images within a Euclidean distance."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from advviz.noise import Stream
from advviz.threat_models.ball import Norm
from advviz.threat_models.rows import (
    check_eps,
    happens_in_no_row,
    moved_inward,
    row_norms,
    scaled_to_unit_max,
)

LEAST_MARGIN = 1e-10
"""Relative shrinkage of an L2 change, for the rounding of its float64 norm."""
SMALLEST = 1e-12
"""Lengths below which squares may underflow in float32."""


@dataclass(frozen=True, slots=True)
class L2Ball:
    """All images within Euclidean distance `eps`."""

    norm: ClassVar[Norm] = "l2"
    eps: float

    def __post_init__(self) -> None:
        check_eps(self.eps)

    def start(self, images: Tensor, stream: Stream) -> Tensor:
        """Draw uniformly from the ball: in d dimensions the radius is eps · U^(1/d)."""
        direction = scaled_to_unit_max(stream.normal("start direction"))
        direction = direction / row_norms(direction).clamp_min(1e-300).to(direction)
        radius = self.eps * stream.uniform("start radius") ** (1 / images[0].numel())
        return self.project(images, images + radius * direction)

    def project(self, images: Tensor, candidates: Tensor) -> Tensor:
        """Shrink each change to length eps, then clamp; what is inside already stays as it is.

        Clamping last cannot leave the ball: the image itself is inside the box, so
        clamping brings every pixel nearer to it.
        """
        precision = torch.finfo(images.dtype).eps
        margin = max(LEAST_MARGIN, 16 * precision)
        slack = max(12 * precision * self.eps, SMALLEST)  # how far a length may be wrong
        change = candidates - images
        length = row_norms(change)
        shrunk = change.mul_((self.eps * (1 - margin) / length).to(images)).add_(images)
        inside = length <= self.eps
        near = shrunk if happens_in_no_row(inside) else torch.where(inside, candidates, shrunk)
        near.clamp_(0, 1)
        excess = row_norms(near - images) > self.eps - slack
        doubtful = excess | ((length - self.eps).abs() <= slack)
        if happens_in_no_row(doubtful):
            return near
        return torch.where(doubtful, self._project_exactly(images, candidates), near)

    def _project_exactly(self, images: Tensor, candidates: Tensor) -> Tensor:
        """Measure in float64, and round every pixel inward."""
        change = candidates.double() - images.double()
        length = row_norms(change)
        shrunk = moved_inward(images, change * (self.eps * (1 - LEAST_MARGIN) / length))
        return torch.where(length > self.eps, shrunk, candidates).clamp(0, 1)

    def steepest(self, gradients: Tensor) -> Tensor:
        """Return the normalized gradient (Cauchy–Schwarz)."""
        scaled = scaled_to_unit_max(gradients)
        return scaled.div_(row_norms(scaled).clamp_min(1).to(scaled))  # >= 1 but for zeros

    def stepped(self, points: Tensor, gradients: Tensor, length: float) -> Tensor:
        """Return the points after a step of this length along the steepest direction."""
        return torch.add(points, self.steepest(gradients), alpha=length)

    def distance(self, images: Tensor, others: Tensor) -> Tensor:
        """Measure the Euclidean distance of each row."""
        return row_norms(others.double() - images.double()).flatten()
