"""Threat models: which images an attacker may reach from an image.

Each is a norm ball of radius `eps` around the image, cut with the box [0, 1] of valid
pixels. `eps` and every distance are over all C·H·W values of an image with pixels in
[0, 1]. An attack needs four things of a ball: a random point in it, the way back into it,
the step that raises a linear function most, and its distance.

Every image that `project` returns is within `eps` when the distance is measured in
float64, not merely up to rounding.
"""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, Literal, Protocol

import torch
from torch import Tensor

from advviz.errors import InvalidInputError
from advviz.noise import Stream

Norm = Literal["l2", "linf"]

LEAST_MARGIN = 1e-10
"""Relative shrinkage of an L2 change, for the rounding of its float64 norm."""
SMALLEST = 1e-12
"""Lengths below which squares may underflow in float32."""


class ThreatModel(Protocol):
    """The ball of radius `eps` in one norm, within the box [0, 1]."""

    norm: ClassVar[Norm]

    @property
    def eps(self) -> float:
        """Return the radius of the ball."""
        ...

    def start(self, images: Tensor, stream: Stream) -> Tensor:
        """Return points drawn uniformly from the ball around each image, cut to the box."""
        ...

    def project(self, images: Tensor, candidates: Tensor) -> Tensor:
        """Return candidates brought back into the ball around each image and the box."""
        ...

    def steepest(self, gradients: Tensor) -> Tensor:
        """Return the change of norm 1 that raises a function of these gradients most.

        It is a new tensor; a row whose gradient is exactly zero gives zeros.
        """
        ...

    def distance(self, images: Tensor, others: Tensor) -> Tensor:
        """Measure how far each image is from the other, in float64."""
        ...


def row_norms(rows: Tensor) -> Tensor:
    """Return the L2 norm of each row in float64, shaped to broadcast over the row.

    The norm of each line of pixels is taken in the precision of the rows, which costs no copy
    of them; its rounding is what `L2Ball.project` leaves room for.
    """
    lines = torch.linalg.vector_norm(rows, dim=3).flatten(1)
    norms: Tensor = torch.linalg.vector_norm(lines, dim=1, dtype=torch.float64)
    return norms.view(-1, 1, 1, 1)


def scaled_to_unit_max(rows: Tensor) -> Tensor:
    """Divide each row by its largest magnitude, so that no norm of it can underflow.

    Gradients of saturated logits are as small as 1e-40: squared, they vanish. A row of zeros
    stays one.
    """
    largest = largest_magnitudes(rows)
    scaled, empty = rows / largest, ~(largest > 0)
    return scaled if happens_in_no_row(empty) else scaled.masked_fill_(empty, 0)


def largest_magnitudes(rows: Tensor) -> Tensor:
    """Return the largest magnitude of each row, shaped to broadcast over the row."""
    dims = (1, 2, 3)
    return torch.maximum(rows.amax(dims, keepdim=True), -rows.amin(dims, keepdim=True))


def happens_in_no_row(flags: Tensor) -> bool:
    """Say whether a step for some rows may be left out; False on a GPU, which would wait."""
    return flags.device.type == "cpu" and not flags.any()


def _moved(images: Tensor, change: Tensor) -> Tensor:
    """Add a float64 change to images; where the sum rounds, no pixel changes by more."""
    moved = (images.double() + change).to(images)
    too_far = (moved.double() - images.double()).abs() > change.abs()
    return torch.where(too_far, torch.nextafter(moved, images), moved)


def _check_eps(eps: float) -> None:
    if not (isfinite(eps) and eps >= 0):
        raise InvalidInputError(f"eps must be finite and >= 0, got {eps}")


@dataclass(frozen=True, slots=True)
class L2Ball:
    """All images within Euclidean distance `eps`."""

    norm: ClassVar[Norm] = "l2"
    eps: float

    def __post_init__(self) -> None:
        _check_eps(self.eps)

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
        shrunk = _moved(images, change * (self.eps * (1 - LEAST_MARGIN) / length))
        return torch.where(length > self.eps, shrunk, candidates).clamp(0, 1)

    def steepest(self, gradients: Tensor) -> Tensor:
        """Return the normalized gradient (Cauchy–Schwarz)."""
        scaled = scaled_to_unit_max(gradients)
        return scaled.div_(row_norms(scaled).clamp_min(1).to(scaled))  # >= 1 but for zeros

    def distance(self, images: Tensor, others: Tensor) -> Tensor:
        """Measure the Euclidean distance of each row."""
        return row_norms(others.double() - images.double()).flatten()


@dataclass(frozen=True, slots=True)
class LinfBall:
    """All images in which no pixel value differs by more than `eps`."""

    norm: ClassVar[Norm] = "linf"
    eps: float

    def __post_init__(self) -> None:
        _check_eps(self.eps)

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

    def distance(self, images: Tensor, others: Tensor) -> Tensor:
        """Measure the largest pixel change of each row."""
        return (others.double() - images.double()).abs().amax(dim=(1, 2, 3))


_BALLS: dict[str, type[L2Ball] | type[LinfBall]] = {"l2": L2Ball, "linf": LinfBall}


def threat_model(norm: str, eps: float) -> ThreatModel:
    """Make the ball of radius `eps` in a norm given by name ("l2" or "linf").

    Raises:
        InvalidInputError: an unknown norm, or an eps that is negative or not finite.
    """
    if norm not in _BALLS:
        raise InvalidInputError(f"norm must be one of {', '.join(_BALLS)}, got {norm!r}")
    return _BALLS[norm](eps)
