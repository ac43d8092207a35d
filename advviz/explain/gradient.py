"""The vanilla gradient: which pixels move an objective most, if changed a little."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from advviz.explain.parameters import Nothing
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """A map of the images, and what the network said of them.

    Args:
        attributions: [N, C, H, W], or [N, 1, H, W] where a pixel's channels are one.
        values: [N], the objective at the images, by an exact query.
        logits: [N, K], by an exact query.
        facts: what else was found, by name: a tensor [N] was measured of each row, anything else
            holds for all of them.
    """

    attributions: Tensor
    values: Tensor
    logits: Tensor
    facts: Mapping[str, Any] = field(default_factory=dict)


def gradient(images: Tensor, objective: Objective) -> Procedure[Explanation]:
    """Take the gradient of an objective by the pixels, exactly.

    Args:
        images: [N, C, H, W] in [0, 1].
        objective: such as `Logit(classes)` or `away_from(classes)` for the cross-entropy.

    Returns:
        The gradient in units of the objective per unit of pixel value.

    Reference: Simonyan et al., 2013, section 3, arXiv:1312.6034.
    """
    progress = Progress("gradient", 0, 1)
    answer: Answer = yield Query(images, objective, exact=True, progress=progress)
    return Explanation(answer.gradients, answer.values, answer.logits)


def of_catalogue(
    images: Tensor, objective: Objective, _params: Nothing, *, noise: Noise
) -> Procedure[Explanation]:
    """Begin `gradient` as the catalogue begins every explainer; it draws nothing."""
    del noise
    return gradient(images, objective)


def input_times_gradient(
    images: Tensor, objective: Objective, _params: Nothing, *, noise: Noise
) -> Procedure[Explanation]:
    """Multiply each pixel by its exact gradient.

    Of a linear objective w · x + b this is w * x, which adds up to the difference from a black
    picture.

    Args:
        images: [N, C, H, W] in [0, 1].
        objective: as for `gradient`.
        noise: not drawn from.

    Returns:
        The products, in units of the objective.

    Reference: Shrikumar et al., 2016, section 3.3, arXiv:1605.01713.
    """
    del noise
    found = yield from gradient(images, objective)
    return Explanation(images * found.attributions, found.values, found.logits)
