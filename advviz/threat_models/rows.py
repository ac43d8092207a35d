"""Arithmetic of rows of pixels that rounding cannot lead astray."""

from math import isfinite

import torch
from torch import Tensor

from advviz.errors import InvalidInputError


def check_eps(eps: float) -> None:
    """Raise InvalidInputError unless this is the radius of a ball."""
    if not (isfinite(eps) and eps >= 0):
        raise InvalidInputError(f"eps must be finite and >= 0, got {eps}")


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


def moved_inward(images: Tensor, change: Tensor) -> Tensor:
    """Add a float64 change to images; where the sum rounds, no pixel changes by more."""
    moved = (images.double() + change).to(images)
    too_far = (moved.double() - images.double()).abs() > change.abs()
    return torch.where(too_far, torch.nextafter(moved, images), moved)
