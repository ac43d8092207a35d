"""Curves of a score over the share of the pixels changed, and the areas under them."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

LEAST_SOFTMAX = 0.05
"""Probability by which the picture must exceed the empty one for its curve to be normalized."""
LEAST_MARGIN = 0.5
"""The same in logits of the margin."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Two readings of the same answers.

    Args:
        softmax: the probability of the class, in [0, 1]; it saturates, and confounds a map's
            worth with the model's calibration.
        margin: the class's logit minus the largest other one, in logits; it does neither.
    """

    softmax: Tensor
    margin: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Insertion and deletion of some maps of some images, with one replacement.

    Args:
        fractions: [P] in [0, 1], the share of the pixels changed at each point; 0 and 1 are in.
        insertion: [N, M, P], from the replacement to the image.
        deletion: [N, M, P], from the image to the replacement.
        empty: [N], of the replacement.
        full: [N], of the image.
    """

    fractions: Tensor
    insertion: Scores
    deletion: Scores
    empty: Scores
    full: Scores


def area(curve: Tensor, fractions: Tensor) -> Tensor:
    """Return the area under curves [..., P] over fractions [P], by the trapezoid rule."""
    return torch.trapezoid(curve, fractions, dim=-1)


def normalized_area(
    curve: Tensor, fractions: Tensor, empty: Tensor, full: Tensor, least: float
) -> Tensor:
    """Return (area − empty) / (full − empty): 0 as on the empty picture, 1 as on the whole one.

    So a model that is sure of everything and one that is sure of nothing are on one scale.
    Insertion is better high, deletion better low. Values below 0 and above 1 occur.

    Args:
        curve: [N, M, P].
        fractions: [P].
        empty: [N], the score of the replacement.
        full: [N], the score of the image.
        least: the difference that is needed; what the empty picture answers nearly as well as
            the whole one tests no map.

    Returns:
        [N, M]; nan where full − empty < least.
    """
    gap = (full - empty)[:, None]
    ratio = (area(curve, fractions) - empty[:, None]) / gap
    return torch.where(gap >= least, ratio, torch.full_like(ratio, torch.nan))


def normalized_areas(curves: Curves) -> Iterator[tuple[str, Tensor]]:
    """Yield the four normalized areas [N, M] with their names.

    "insertion" and "deletion" are of the softmax, "insertion margin" and "deletion margin" of
    the margin in logits.
    """
    for name, found in (("insertion", curves.insertion), ("deletion", curves.deletion)):
        yield (
            name,
            normalized_area(
                found.softmax,
                curves.fractions,
                curves.empty.softmax,
                curves.full.softmax,
                LEAST_SOFTMAX,
            ),
        )
        yield (
            f"{name} margin",
            normalized_area(
                found.margin,
                curves.fractions,
                curves.empty.margin,
                curves.full.margin,
                LEAST_MARGIN,
            ),
        )
