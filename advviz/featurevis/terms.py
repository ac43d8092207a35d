"""What a drawing can raise beside a class and a unit: directions, closeness, weighted sums.

Each is an objective as `advviz/objectives.py` has them: one tap, and a tensor a row.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from advviz.errors import InvalidInputError
from advviz.objectives import Objective, pooled

LEAST = 1e-12
"""Lengths are at least this where something is divided by them."""


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """How far the averaged features of a layer point along a vector.

    Args:
        layer: name as in `module.named_modules()`.
        vectors: [N, C], one a row.
        cosine: the cosine of the angle between the two; else their dot product.

    Reference: Olah et al., "The Building Blocks of Interpretability", Distill 2018.
    """

    layer: str
    vectors: Tensor
    cosine: bool = False

    @property
    def tap(self) -> str:
        """Name the layer."""
        return self.layer

    def values(self, activations: Tensor) -> Tensor:
        """Return the dot product or the cosine of each row."""
        features = pooled(activations, self.layer)
        if features.shape[1] != self.vectors.shape[1]:
            raise InvalidInputError(
                f"a direction in {self.layer!r} must have {features.shape[1]} numbers, "
                f"got {self.vectors.shape[1]}"
            )
        vectors = self.vectors.to(features)
        if self.cosine:
            return functional.cosine_similarity(features, vectors, eps=LEAST)
        return (features * vectors).sum(1)

    def margins(self, logits: Tensor) -> None:
        """Aim at no decision."""

    def select(self, rows: Tensor) -> "Direction":
        """Return the objective of the given rows."""
        return Direction(self.layer, self.vectors[rows], self.cosine)


@dataclass(frozen=True, slots=True, eq=False)
class Closeness:
    """Minus the L2 distance to given features, as a share of their length.

    Args:
        layer: name as in `module.named_modules()`.
        targets: [N, ...], what the layer is to put out for each row; not averaged.

    Reference: Engstrom et al., 2019, equation 3, arXiv:1906.00945.
    """

    layer: str
    targets: Tensor

    @property
    def tap(self) -> str:
        """Name the layer."""
        return self.layer

    def values(self, activations: Tensor) -> Tensor:
        """Return 0 where the features are reached, −1 as far away as no features at all."""
        targets = self.targets.to(activations).flatten(1)
        length = targets.norm(dim=1).clamp_min(LEAST)
        near: Tensor = -(activations.flatten(1) - targets).norm(dim=1) / length
        return near

    def margins(self, logits: Tensor) -> None:
        """Aim at no decision."""

    def select(self, rows: Tensor) -> "Closeness":
        """Return the objective of the given rows."""
        return Closeness(self.layer, self.targets[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """A weighted sum of objectives that look at the same tap.

    Args:
        objectives: one or more, all of the same rows.
        weights: [N, number of objectives]; a negative one lowers its objective.

    Raises:
        InvalidInputError: several taps; see `Goal` for those.
    """

    objectives: tuple[Objective, ...]
    weights: Tensor

    def __post_init__(self) -> None:
        """Refuse what one pass cannot evaluate."""
        if len({objective.tap for objective in self.objectives}) != 1:
            raise InvalidInputError("a sum must look at one tap; put others into a Goal")

    @property
    def tap(self) -> str:
        """Name the one place that all of them look at."""
        return self.objectives[0].tap

    def values(self, activations: Tensor) -> Tensor:
        """Return the sum of each row."""
        found = torch.stack([each.values(activations) for each in self.objectives], dim=1)
        return (found * self.weights.to(found)).sum(1)

    def margins(self, logits: Tensor) -> None:
        """Aim at no decision."""

    def select(self, rows: Tensor) -> "Weighted":
        """Return the objective of the given rows."""
        return Weighted(tuple(each.select(rows) for each in self.objectives), self.weights[rows])
