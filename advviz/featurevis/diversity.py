"""Several pictures of one thing, pushed apart, so that they show more than one side of it.

Two pictures are alike where the Gram matrices of a layer are: which channels occur together,
wherever they do. Reference: Olah et al., "Feature Visualization", Distill 2017, the section on
diversity.
"""

from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor
from torch.nn import functional

from advviz.errors import InvalidInputError
from advviz.featurevis.activations import activations
from advviz.protocol import Answer, Procedure, Query
from advviz.threat_models import L2Ball

UNIT = L2Ball(1.0)
"""Whose steepest direction is a gradient of length one."""


@dataclass(frozen=True, slots=True)
class Apart:
    """How pictures are told apart.

    Args:
        layer: where their Gram matrices are taken.
        strength: length of the push, in lengths of the step that raises the objective; >= 0.
    """

    layer: str
    strength: float

    def __post_init__(self) -> None:
        """Refuse a push that is none."""
        if not (isfinite(self.strength) and self.strength >= 0):
            raise InvalidInputError(f"diversity must be finite and >= 0, got {self.strength}")


def grams(found: Tensor) -> Tensor:
    """Return the Gram matrices [N, C, C], of length one, of [N, C], [N, T, C] or [N, C, H, W]."""
    if found.ndim == 3:
        channels = found.transpose(1, 2)
    else:
        channels = found.flatten(2) if found.ndim == 4 else found[..., None]
    gram = channels @ channels.transpose(1, 2)
    return functional.normalize(gram.flatten(1), dim=1).view_as(gram)


@dataclass(frozen=True, slots=True, eq=False)
class Unlike:
    """Minus the cosines between a picture's Gram matrix and those of the other pictures.

    Args:
        layer: where they are taken.
        others: [N, C, C], for each row the sum of the others' Gram matrices, of length one each.
    """

    layer: str
    others: Tensor

    @property
    def tap(self) -> str:
        """Name the layer."""
        return self.layer

    def values(self, activations: Tensor) -> Tensor:
        """Return minus the sum of cosines of each row."""
        return -(grams(activations) * self.others.to(activations)).flatten(1).sum(1)

    def margins(self, logits: Tensor) -> None:
        """Aim at no decision."""

    def select(self, rows: Tensor) -> "Unlike":
        """Return the objective of the given rows."""
        return Unlike(self.layer, self.others[rows])


def pushed(images: Tensor, gradients: Tensor, apart: Apart) -> Procedure[Tensor]:
    """Turn the directions in which pictures are drawn away from each other.

    The others are held where they are while a row is asked about, so that a row's answer
    depends on that row alone; the gradient is that of the sum over all pairs, for a cosine
    is symmetrical.

    Args:
        images: [N, C, H, W]; of a single one there is nothing to be told apart from.
        gradients: of what the pictures raise, shaped like them.
        apart: where, and how strongly.

    Returns:
        Each row's gradient, of length one, plus the push.
    """
    if len(images) < 2 or not apart.strength:
        return gradients
    seen = grams((yield from activations(images, apart.layer)))
    others = seen.sum(0, keepdim=True) - seen
    answer: Answer = yield Query(images, Unlike(apart.layer, others))
    away = torch.nan_to_num(answer.gradients)
    return UNIT.steepest(gradients) + apart.strength * UNIT.steepest(away)
