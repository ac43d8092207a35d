"""The L-inf ball: a box around each pixel."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from advviz.noise import Stream
from advviz.threat_models.ball import Norm
from advviz.threat_models.rows import check_eps


@dataclass(frozen=True, slots=True)
class LinfBall:
    """All images in which no pixel value differs by more than `eps`."""

    norm: ClassVar[Norm] = "linf"
    eps: float

    def __post_init__(self) -> None:
        check_eps(self.eps)

    def start(self, images: Tensor, stream: Stream) -> Tensor:
        """Draw every pixel uniformly from [x − eps, x + eps]."""
        # The distribution function of a normal number is uniform in [0, 1].
        quantile = torch.special.ndtr(stream.normal("start direction"))
        return self.project(images, images + self.eps * (2 * quantile - 1))

    def project(self, images: Tensor, candidates: Tensor) -> Tensor:
        """Clamp every pixel to [x − eps, x + eps] and to [0, 1]; exact, both are boxes."""
        low, high = self._bound(images, -1), self._bound(images, +1)
        return torch.minimum(torch.maximum(candidates, low), high).clamp(0, 1)

    def _bound(self, images: Tensor, sign: int) -> Tensor:
        # In float64: a float32 eps is itself rounded, by more than a bound near 0 is.
        bound = (images.double() + sign * self.eps).to(images)
        outside = (bound.double() - images.double()).abs() > self.eps
        return torch.where(outside, torch.nextafter(bound, images), bound)

    def steepest(self, gradients: Tensor) -> Tensor:
        """Return the sign of the gradient."""
        return gradients.sign()

    def stepped(self, points: Tensor, gradients: Tensor, length: float) -> Tensor:
        """Return the points after a step of this length along the steepest direction."""
        return torch.add(points, self.steepest(gradients), alpha=length)

    def distance(self, images: Tensor, others: Tensor) -> Tensor:
        """Measure the largest pixel change of each row."""
        return (others.double() - images.double()).abs().amax(dim=(1, 2, 3))
