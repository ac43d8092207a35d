"""The best iterate of a search, and what every search needs at its start and at each step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.attacks.history import History
from advviz.errors import InvalidInputError
from advviz.threat_models import happens_in_no_row, largest_magnitudes

STEPS_BETWEEN_STOPS = 10
"""Steps between looks at which rows have stopped: each look waits for the device."""


def check_pixels(images: Tensor) -> None:
    """Raise InvalidInputError unless the images are [N, C, H, W] with pixels in [0, 1]."""
    if images.ndim != 4 or not len(images):
        raise InvalidInputError(f"images must be [N, C, H, W], got {tuple(images.shape)}")
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 1):
        raise InvalidInputError(
            f"images must lie in [0, 1], got [{low:.4g}, {high:.4g}]; "
            "pass pixels, not normalised inputs"
        )


def with_a_direction(gradients: Tensor, fallback: Tensor) -> tuple[Tensor, Tensor]:
    """Put a random direction in the place of gradients that are exactly zero.

    What is no number counts as zero, entry by entry: one NaN would take the others' direction.

    Args:
        gradients: [N, C, H, W].
        fallback: [N, C, H, W].

    Returns:
        Gradients [N, C, H, W], finite and none of them zero; which ones were [N].
    """
    largest = largest_magnitudes(gradients).flatten()
    if not happens_in_no_row(~largest.isfinite()):
        gradients = gradients.nan_to_num(nan=0.0)
        largest = largest_magnitudes(gradients).flatten()
    zero = largest == 0
    if happens_in_no_row(zero):
        return gradients, zero
    return torch.where(zero[:, None, None, None], fallback, gradients), zero


@dataclass(slots=True)
class Best:
    """The best iterate of each row so far, by margin: one past the goal beats one before it."""

    images: Tensor  # [N, C, H, W]
    scores: Tensor  # [N]; margin, or the objective where it aims at no decision
    zero_steps: Tensor  # [N] steps whose gradient was exactly zero
    history: History | None = None

    @classmethod
    def of(cls, images: Tensor) -> "Best":
        """Begin with the images themselves, which anything beats."""
        scores = torch.full((len(images),), -torch.inf, device=images.device, dtype=images.dtype)
        return cls(images.clone(), scores, torch.zeros_like(scores, dtype=torch.long))

    def unsolved(self) -> Tensor:
        """Return the rows that have not reached their goal."""
        return (self.scores <= 0).nonzero().flatten()

    def rows_to_attack(self, early_stop: bool) -> Tensor:
        """Return the indices of all rows; with an early stop, of the unsolved ones."""
        return self.unsolved() if early_stop else torch.arange(len(self.scores)).to(self.zero_steps)

    def offer(self, images: Tensor, scores: Tensor) -> None:
        """Keep the rows that are better than before; the images offered stay as they are."""
        better = scores > self.scores
        if happens_in_no_row(~better):
            self.images, self.scores = images, scores
        elif not happens_in_no_row(better):
            self.images = torch.where(better[:, None, None, None], images, self.images)
            self.scores = torch.where(better, scores, self.scores)

    def merge(self, rows: Tensor, found: "Best") -> None:
        """Take over, at the given rows, what another search found."""
        better = found.scores > self.scores[rows]
        target = rows[better]
        self.images[target] = found.images[better]
        self.scores[target] = found.scores[better]
        self.zero_steps[rows] += found.zero_steps
        if self.history is None:
            self.history = found.history
        elif found.history is not None:
            self.history.replace(target, found.history.select(better))

    def offer_at(self, rows: Tensor, images: Tensor, scores: Tensor) -> None:
        """Keep what is better than before of some rows, given by their indices."""
        better = scores > self.scores[rows]
        kept = torch.where(better[:, None, None, None], images, self.images[rows])
        self.images = self.images.index_copy(0, rows, kept)
        self.scores = self.scores.index_copy(
            0, rows, torch.where(better, scores, self.scores[rows])
        )
