"""Carlini and Wagner's attack: the smallest L2 change, by gradient descent on a weighted sum."""

import torch
from torch import Tensor

from advviz.attacks.best import check_pixels, with_a_direction
from advviz.attacks.goal import Goal
from advviz.attacks.history import Record, Recorder
from advviz.attacks.nearest import Nearest, unchanged
from advviz.attacks.parameters import CarliniWagner, refuse_norm
from advviz.attacks.result import AttackResult, verified
from advviz.noise import Noise
from advviz.objectives import ClassLoss
from advviz.protocol import Answer, Procedure, Progress, Query
from advviz.threat_models import L2Ball, ThreatModel

ALMOST = 1 - 1e-6
"""What keeps the tangent of black and white pixels finite."""
GROWTH = 10
"""Times the constant grows while no change was found."""


def carlini_wagner(
    images: Tensor,
    goal: Goal,
    threat: ThreatModel,
    params: CarliniWagner,
    *,
    noise: Noise,
    early_stop: bool = False,  # noqa: ARG001  # of no use: the smallest change is looked for
    record: Record = "curves",
) -> Procedure[AttackResult]:
    """Look for the smallest L2 change that reaches a goal.

    Minimizes ‖x' − x‖² + c · max(confidence − margin, 0) over w, x' = (tanh(w) + 1) / 2, so that
    x' never leaves the box. A binary search looks for the least constant c that succeeds. The
    nearest success of each search counts if the unmodified classifier confirms it.

    Args:
        images: [N, C, H, W] in [0, 1]; not modified.
        goal: the class to leave or to reach, row by row.
        threat: an L2 ball; a change beyond it is returned all the same, but is no success.
        params: searches, their steps, and the confidence.
        noise: chooses a direction where a gradient is exactly zero.
        early_stop: has no meaning here.
        record: what to keep of every step of every search.

    Returns:
        The nearest image found of each row; the image itself where none was.

    Reference: Carlini & Wagner, S&P 2017, sections V and VI, arXiv:1608.04644.
    """
    check_pixels(images)
    refuse_norm("cw", threat.norm, ("l2",))
    objective = goal.objective("margin")
    if threat.eps == 0:
        return (yield from unchanged(images, objective, threat, record))
    clean: Answer = yield Query(images, gradient=False, exact=True)
    smallest, constants = Nearest.of(images, threat), _Constants.of(images, params.constant)
    smallest.offer(images, _confidently(objective.margins(clean.logits), params))
    recorder = Recorder(images, threat, params.entries, record)
    zero_steps = torch.zeros(len(images), dtype=torch.long, device=images.device)
    for number in range(params.searches):
        search = _descend(images, objective, constants.now, params, number, noise, recorder)
        candidates, zero = yield from search
        zero_steps += zero
        answer: Answer = yield Query(candidates, gradient=False, exact=True)
        reached = _confidently(objective.margins(answer.logits), params)
        smallest.offer(candidates, reached)
        constants.halve_the_interval(reached)
    history = recorder.history()
    found = verified(images, smallest.images, objective, history, zero_steps, within=threat)
    return (yield from found)


def _descend(
    images: Tensor,
    objective: ClassLoss,
    constants: Tensor,
    params: CarliniWagner,
    number: int,
    noise: Noise,
    recorder: Recorder,
) -> Procedure[tuple[Tensor, Tensor]]:
    """Descend with Adam at given constants [N]; return the nearest successes, and zero steps."""
    rows = torch.arange(len(images), device=images.device)
    fallback = noise.streams(images).normal("zero gradient")
    nearest = Nearest.of(images, L2Ball(0))
    zero_steps = torch.zeros(len(images), dtype=torch.long, device=images.device)
    tangent = torch.atanh((2 * images - 1) * ALMOST)
    optimizer = torch.optim.Adam([tangent], lr=params.learning_rate)
    for step in range(params.steps):
        points = (tangent.tanh() + 1) / 2
        stage = f"attack, search {number + 1} of {params.searches}"
        progress = Progress(stage, step, params.steps, points[0])
        answer: Answer = yield Query(points, objective, progress=progress)
        recorder.keep(number * params.steps + step, rows, points, answer, answer.values)
        nearest.offer(points, _confidently(answer.values, params))
        gradients, zero = with_a_direction(answer.gradients, fallback)
        zero_steps += zero
        weights = constants * (answer.values < params.confidence)
        pixels = 2 * (points - images) - weights.view(-1, 1, 1, 1) * gradients
        tangent.grad = pixels * 2 * points * (1 - points)  # by the tangent: (1 − tanh²) / 2
        optimizer.step()
    return nearest.images, zero_steps


def _confidently(margins: Tensor, params: CarliniWagner) -> Tensor:
    """Say which rows reach the goal, and by the margin asked for [N]; an image itself too."""
    return (margins > 0) & (margins >= params.confidence)


class _Constants:
    """The constant of each row: large enough to succeed, small enough to stay near."""

    def __init__(self, now: Tensor, low: Tensor, high: Tensor) -> None:
        self.now, self.low, self.high = now, low, high

    @classmethod
    def of(cls, images: Tensor, first: float) -> "_Constants":
        """Begin with the same constant in every row, and no bounds."""
        now = images.new_full((len(images),), first)
        return cls(now, torch.zeros_like(now), torch.full_like(now, torch.inf))

    def halve_the_interval(self, reached: Tensor) -> None:
        """Go below what succeeded; above what failed, tenfold until something succeeds."""
        self.high = torch.where(reached, torch.minimum(self.high, self.now), self.high)
        self.low = torch.where(reached, self.low, torch.maximum(self.low, self.now))
        middle = (self.low + self.high) / 2
        self.now = torch.where(self.high.isinf(), self.now * GROWTH, middle)
