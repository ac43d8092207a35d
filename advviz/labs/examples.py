"""What a lab's networks are trained and judged on: labelled images, for several seeds at a time."""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.protocol import Progress


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Labelled images, for S networks that are trained side by side.

    Args:
        images: [S, N, C, H, W] in [0, 1].
        labels: int64 [S, N], 0 or 1.
        used: bool [S, N]; the others only fill up, for not every network has as many.
    """

    images: Tensor
    labels: Tensor
    used: Tensor

    @classmethod
    def of(cls, images: Tensor, labels: Tensor, used: Tensor | None = None) -> "Examples":
        """Take labelled images, all of them unless it is said which."""
        everything = torch.ones_like(labels, dtype=torch.bool) if used is None else used
        return cls(images, labels, everything)

    def shares(self) -> Tensor:
        """Return the weight [S, N] of each image in the mean over those that are used."""
        return self.used / self.used.sum(1, keepdim=True).clamp_min(1)

    @property
    def suffice(self) -> Tensor:
        """Say of each network [S] whether it has an image of either class."""
        return torch.stack([(self.used & (self.labels == c)).any(1) for c in (0, 1)]).all(0)


@dataclass(slots=True)
class Meter:
    """How far a lab is, in steps of training of one network each.

    Args:
        total: of all of its networks.
        done: by those that are trained.
    """

    total: int
    done: int = 0

    def at(self, stage: str, more: int = 0) -> Progress:
        """Tell those who wait that `more` steps of the present stage are done."""
        return Progress(stage, self.done + more, self.total)


def generator(seed: int, purpose: str) -> torch.Generator:
    """Return a generator that depends on a seed and a purpose alone."""
    digest = hashlib.blake2b(f"{seed}|{purpose}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)
