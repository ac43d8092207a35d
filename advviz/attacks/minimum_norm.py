"""The smallest change that fools a model, in L1, L2 or L-inf: the fast minimum-norm attack.

One search finds the least radius of every row, where a bisection over the radius would repeat
an attack for each of its values, and would still find only what a fixed ball leads to. It
works alike in all three norms, and starts from the image, so that it needs no luck.
"""

from math import cos, pi

import torch
from torch import Tensor

from advviz.attacks.best import check_pixels, with_a_direction
from advviz.attacks.goal import Goal
from advviz.attacks.history import Record, Recorder
from advviz.attacks.nearest import Nearest, unchanged
from advviz.attacks.parameters import MinimumNorm
from advviz.attacks.result import AttackResult, verified
from advviz.noise import Noise
from advviz.objectives import ClassLoss
from advviz.protocol import Answer, Procedure, Progress, Query
from advviz.threat_models import L2Ball, ThreatModel, row_norms
from advviz.threat_models.l1 import room_of, shrunk_to

LAST = 0.01
"""Share of the first step, and of the first shrinkage, that is left at the end."""
TINY = 1e-30
CLEARLY = 1e-5
"""Of the largest logit, the image's own included: how much of a margin rounding may explain. The
search ends beside the decision boundary, where the size of a batch decides what is said."""


def minimum_norm(
    images: Tensor,
    goal: Goal,
    threat: ThreatModel,
    params: MinimumNorm,
    *,
    noise: Noise,
    early_stop: bool = False,  # noqa: ARG001  # of no use: the smallest change is looked for
    record: Record = "curves",
) -> Procedure[AttackResult]:
    """Look for the smallest change that reaches a goal, in the norm of a ball.

    A ball of its own surrounds each row. While the goal is reached it shrinks, and otherwise
    grows; each step raises the margin, and is then brought back into the ball. At the end, the
    way back to the image is halved a few times. Every step decides, so every query is exact.
    Of a changed image the margin must be larger than rounding explains.

    Args:
        images: [N, C, H, W] in [0, 1]; not modified.
        goal: the class to leave or to reach, row by row.
        threat: a ball; a change beyond it is returned all the same, but is no success.
        params: steps, the length of the first, and by how much the ball shrinks.
        noise: chooses a direction where a gradient is exactly zero.
        early_stop: has no meaning here.
        record: what to keep of every step.

    Returns:
        The nearest image found of each row; the image itself where none was.

    Reference: Pintor et al., NeurIPS 2021, algorithm 1, arXiv:2102.12827.
    """
    check_pixels(images)
    objective, smallest = goal.objective("margin"), Nearest.of(images, threat)
    if threat.eps == 0:
        return (yield from unchanged(images, objective, threat, record))
    recorder = Recorder(images, threat, params.steps + 1, record)
    rows = torch.arange(len(images), device=images.device)
    fallback = noise.streams(images).normal("zero gradient")
    points, radii = images, images.new_full((len(images),), torch.inf).double()
    zero_steps = torch.zeros(len(images), dtype=torch.long, device=images.device)
    for step in range(params.steps + 1):
        progress = Progress("attack", step, params.steps, points[0])
        answer: Answer = yield Query(points, objective, exact=True, progress=progress)
        margins = objective.margins(answer.logits)
        if step == 0:
            clean, reached = answer.logits, margins > 0
        else:
            reached = _clearly(margins, answer.logits, clean)
        smallest.offer(points, reached)
        recorder.keep(step, rows, points, answer, margins)
        if step == params.steps:
            break
        gradients, zero = with_a_direction(answer.gradients, fallback)
        zero_steps += zero
        left = LAST + (1 - LAST) * (1 + cos(pi * step / params.steps)) / 2
        share = left * params.shrinkage
        radii = _next_radii(radii, points, margins, reached, gradients, smallest, share)
        ahead = points + left * params.step_size * L2Ball(0).steepest(gradients)
        points = _within(threat.norm, images, ahead, radii)
    yield from _go_back(smallest, objective, params.halvings, clean)
    found = verified(
        images, smallest.images, objective, recorder.history(), zero_steps, within=threat
    )
    return (yield from found)


def _next_radii(
    radii: Tensor,
    points: Tensor,
    margins: Tensor,
    reached: Tensor,
    gradients: Tensor,
    smallest: Nearest,
    share: float,
) -> Tensor:
    """Shrink the balls [N] of rows at their goal, and let the others grow.

    Until a row has reached its goal once, its ball ends a little beyond the place where the
    margin would be gained if it were linear.
    """
    threat = smallest.threat
    slopes = _dual_norms(threat.norm, gradients).clamp_min(TINY)
    expected = threat.distance(smallest.originals, points) + margins.double().abs() / slopes
    radii_before = torch.where(smallest.distances.isinf(), expected, radii)
    outside = radii_before * (1 + share)
    inside = torch.minimum(radii * (1 - share), smallest.distances)
    return torch.where(reached, inside, outside)


def _clearly(margins: Tensor, logits: Tensor, clean: Tensor) -> Tensor:
    """Say which rows [N] reach the goal in a batch of any size; clean: logits of the images."""
    return margins > CLEARLY * torch.maximum(logits.abs().amax(1), clean.abs().amax(1))


def _dual_norms(norm: str, gradients: Tensor) -> Tensor:
    """Return how fast a function of these gradients rises in a step of this norm [N]."""
    sizes = gradients.double().abs().flatten(1)
    if norm == "l2":
        length: Tensor = torch.linalg.vector_norm(sizes, dim=1)
        return length
    return sizes.amax(1) if norm == "l1" else sizes.sum(1)


def _within(norm: str, images: Tensor, points: Tensor, radii: Tensor) -> Tensor:
    """Bring points back into balls of radii [N] around the images, and into the box."""
    change, bound = points.double() - images.double(), radii.view(-1, 1, 1, 1)
    if norm == "l2":
        change = change * (bound / row_norms(change).clamp_min(TINY)).clamp_max(1)
    elif norm == "linf":
        change = change.maximum(-bound).minimum(bound)
    else:
        sizes, room = change.abs(), room_of(images.double(), change)
        outside = sizes.minimum(room).sum((1, 2, 3), keepdim=True) > bound
        change = change.sign() * torch.where(outside, shrunk_to(sizes, room, bound), sizes)
    return (images.double() + change).clamp(0, 1).to(images)


def _go_back(
    smallest: Nearest, objective: ClassLoss, halvings: int, clean: Tensor
) -> Procedure[None]:
    """Halve the way between the image and what reaches the goal, as long as it is reached."""
    originals, way = smallest.originals, smallest.images - smallest.originals
    low, high = torch.zeros_like(way[:, :1, :1, :1]), torch.ones_like(way[:, :1, :1, :1])
    for number in range(halvings):
        middle = (low + high) / 2
        points = (originals + middle * way).clamp(0, 1)
        progress = Progress("attack, way back", number, halvings, points[0])
        answer: Answer = yield Query(points, gradient=False, exact=True, progress=progress)
        reached = _clearly(objective.margins(answer.logits), answer.logits, clean)
        smallest.offer(points, reached)
        low = torch.where(reached[:, None, None, None], low, middle)
        high = torch.where(reached[:, None, None, None], middle, high)
