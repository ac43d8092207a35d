"""What a feature visualization returns."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.featurevis.goal import Goal, goal_of
from advviz.objectives import Objective
from advviz.protocol import Procedure, Progress


@dataclass(frozen=True, slots=True, eq=False)
class Visualization:
    """Pictures that excite something, and what the classifier says of them.

    Args:
        start: [N, C, H, W] in [0, 1], where the search began.
        pictures: [N, C, H, W] in [0, 1].
        values: [T, N], the objective before each step, during the search.
        final_values: [N], of the finished pictures, by an exact query.
        logits: [N, K], of the finished pictures, by an exact query.
    """

    start: Tensor
    pictures: Tensor
    values: Tensor
    final_values: Tensor
    logits: Tensor


def judged(
    start: Tensor, pictures: Tensor, objective: Objective | Goal, values: Sequence[Tensor]
) -> Procedure[Visualization]:
    """Ask the unmodified classifier about the finished pictures."""
    progress = Progress("verification", 0, 1, pictures[0])
    answer = yield from goal_of(objective).ask(
        pictures, gradient=False, exact=True, progress=progress
    )
    return Visualization(start, pictures, torch.stack(list(values)), answer.values, answer.logits)
