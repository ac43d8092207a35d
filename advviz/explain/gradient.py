"""The vanilla gradient: which pixels move an objective most, if changed a little."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from torch import Tensor

from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """A map the shape of the images, and what the network said of them.

    Args:
        attributions: [N, C, H, W].
        values: [N], the objective at the images, by an exact query.
        logits: [N, K], by an exact query.
        facts: what else was found out, by name; a tensor there has a number for each row.
    """

    attributions: Tensor
    values: Tensor
    logits: Tensor
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


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
