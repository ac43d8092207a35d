"""Feature visualization by plain ascent: the picture that excites a unit, without any prior.

What the network itself prefers is all that shapes the picture; a robust network then draws,
a standard one does not. The same settings for both make the comparison.
"""

from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from advviz.errors import InvalidInputError
from advviz.featurevis.goal import Goal, goal_of
from advviz.featurevis.result import Visualization, judged
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Procedure, Progress
from advviz.threat_models import L2Ball

NOISE_MEAN, NOISE_DEVIATION = 0.5, 0.25
"""Faint enough to draw over: from noise that fills the box, pictures stay grainy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AscentParams:
    """What plain ascent is told.

    Args:
        eps: radius of the L2 ball around the start; 1000 is "the box alone" at 224 px.
        step_size: L2 length of a step.
        steps: >= 1.
        falling: the steps shrink linearly, so that a search for one point arrives there.
    """

    eps: float = 40.0
    step_size: float = 0.5
    steps: int = 100
    falling: bool = False

    def __post_init__(self) -> None:
        """Refuse values that draw nothing."""
        if not (isfinite(self.eps) and self.eps >= 0):
            raise InvalidInputError(f"eps must be finite and >= 0, got {self.eps}")
        if not (isfinite(self.step_size) and self.step_size >= 0):
            raise InvalidInputError(f"step_size must be finite and >= 0, got {self.step_size}")
        if self.steps < 1:
            raise InvalidInputError(f"steps must be >= 1, got {self.steps}")

    def length(self, step: int) -> float:
        """Return the length of a step; the first is whole, none is nothing."""
        return self.step_size * (1 - step / self.steps if self.falling else 1)


def noise_images(like: Tensor, noise: Noise) -> Tensor:
    """Draw starting pictures: Gaussian around mid-grey, cut to [0, 1].

    Args:
        like: [N, C, H, W]; the shape to draw, and each row's key.
        noise: whose seed tells pictures of the same row apart.
    """
    drawn = noise.streams(like).normal("picture")
    return (NOISE_MEAN + NOISE_DEVIATION * drawn).clamp(0, 1)


def ascent(
    start: Tensor,
    objective: Objective | Goal,
    params: AscentParams,
    *,
    noise: Noise,
    region: Tensor | None = None,
) -> Procedure[Visualization]:
    """Raise an objective by steps of fixed L2 length, within a ball and the box.

    Args:
        start: [N, C, H, W] in [0, 1]: images, or `noise_images`.
        objective: a class logit, a unit or channel of a named layer, or a sum.
        params: ball, step and number of steps.
        noise: for the direction of a row whose gradient is exactly zero.
        region: [1 or N, 1, H, W], 1 where pixels may move and 0 where they stay as they are;
            None lets all of them move.

    Returns:
        The last iterate, and what the unmodified classifier says of it.

    Reference: Engstrom et al., 2019, section 4, arXiv:1906.00945; with a region, Santurkar et
    al., 2019, arXiv:1906.09453, whose penalty on the rest is a constraint here.
    """
    ball, goal = L2Ball(params.eps), goal_of(objective)
    fallback = ball.steepest(_within(noise.streams(start).normal("zero gradient"), region))
    current, values = start.clone(), []
    for step in range(params.steps):
        progress = Progress("drawing", step, params.steps, current[0])
        answer = yield from goal.ask(current, progress=progress)
        values.append(answer.values)
        gradients = _within(answer.gradients, region)
        zero = (gradients == 0).flatten(1).all(1)[:, None, None, None]
        direction = torch.where(zero, fallback, ball.steepest(gradients))
        current = ball.project(start, current + params.length(step) * direction)
        if region is not None:  # shrinking a change rounds every pixel of it
            current = torch.where(region > 0, current, start)
    return (yield from judged(start, current, goal, values))


def _within(change: Tensor, region: Tensor | None) -> Tensor:
    """Take a change back where pixels stay as they are."""
    return change if region is None else change * region
