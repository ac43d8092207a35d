"""Labelled images of a lab, in three parts."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from advviz.data.digits import CLASSES, digits


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Images and what they show.

    Args:
        images: float32 [N, C, S, S] in [0, 1].
        labels: int64 [N].
    """

    images: Tensor
    labels: Tensor

    def to(self, device: str) -> "Labelled":
        """Move both to a device."""
        return Labelled(self.images.to(device), self.labels.to(device))

    def first(self, count: int) -> "Labelled":
        """Return the first images; all, where there are fewer."""
        return Labelled(self.images[:count], self.labels[:count])

    def one_of_each(self, classes: int) -> "Labelled":
        """Return the first image of each of the first classes that are there."""
        found = [(self.labels == label).nonzero() for label in range(classes)]
        rows = torch.stack([where[0, 0] for where in found if len(where)])
        return Labelled(self.images[rows], self.labels[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What is trained on, what is watched meanwhile, and what is judged on at the end.

    Args:
        train: seen by the training.
        validation: held out; the curves are measured on it.
        test: held out; looked at once, at the end.
        classes: names, in the order of the labels.
    """

    train: Labelled
    validation: Labelled
    test: Labelled
    classes: tuple[str, ...]

    def to(self, device: str) -> "Parts":
        """Move everything to a device."""
        return Parts(
            self.train.to(device), self.validation.to(device), self.test.to(device), self.classes
        )


def digit_parts() -> Parts:
    """Return the digits that come with advviz, as grey images [N, 1, 8, 8]."""
    found, rows = digits(), digits().split()

    def part(chosen: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Labelled:
        return Labelled(
            torch.from_numpy(found.images[chosen]), torch.from_numpy(found.labels[chosen])
        )

    return Parts(part(rows.train), part(rows.validation), part(rows.test), CLASSES)
