"""Projected gradient descent."""

from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from advviz.attacks.best import STEPS_BETWEEN_STOPS, Best, check_pixels, with_a_direction
from advviz.attacks.goal import Goal
from advviz.attacks.history import Record, Recorder
from advviz.attacks.parameters import PGD
from advviz.attacks.result import AttackResult, verified
from advviz.errors import InvalidInputError
from advviz.noise import ImageStreams, Noise
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query
from advviz.threat_models import ThreatModel


@dataclass(frozen=True, slots=True, kw_only=True)
class PGDParams:
    """What projected gradient descent is told.

    Args:
        step_size: length of a step in the ball's norm, pixels in [0, 1].
        steps: >= 1.
        random_start: begin at a random point of the ball instead of at the image.
        restarts: independent repetitions; more than one needs a random start.
        early_stop: leave a row alone once it succeeded, instead of going on to a larger margin.
        record: what to keep of every step: "nothing", "curves", or "pictures" too.
    """

    step_size: float
    steps: int = 20
    random_start: bool = False
    restarts: int = 1
    early_stop: bool = False
    record: Record = "curves"

    def __post_init__(self) -> None:
        """Refuse values that make no attack."""
        if not (isfinite(self.step_size) and self.step_size >= 0):
            raise InvalidInputError(f"step_size must be finite and >= 0, got {self.step_size}")
        if self.steps < 1:
            raise InvalidInputError(f"steps must be >= 1, got {self.steps}")
        if self.restarts < 1:
            raise InvalidInputError(f"restarts must be >= 1, got {self.restarts}")
        if self.restarts > 1 and not self.random_start:
            raise InvalidInputError(
                "restarts > 1 without a random start repeat the same search; use random_start"
            )


def fgsm_params(eps: float) -> PGDParams:
    """Return the fast gradient sign method: one step of length eps from the image.

    Reference: Goodfellow et al., ICLR 2015, arXiv:1412.6572.
    """
    return PGDParams(step_size=eps, steps=1)


def pgd(
    images: Tensor,
    objective: Objective,
    threat: ThreatModel,
    params: PGDParams,
    *,
    noise: Noise,
) -> Procedure[AttackResult]:
    """Raise an objective inside a norm ball by projected gradient ascent.

    The gradient is scaled by its largest entry before its norm is taken, so that the tiny
    gradients of saturated logits still give a full step. Where a row's gradient is exactly
    zero, it moves in a random direction, and the result counts it. The best iterate of all
    steps and restarts is returned: by success, then by margin.

    Args:
        images: [N, C, H, W] in [0, 1]; not modified.
        objective: one scalar a row, to increase, such as `towards(targets)`.
        threat: the ball; its eps is a norm over C·H·W in [0, 1] pixel space.
        params: step size, steps, random start, restarts.
        noise: the only source of randomness, one stream an image.

    Returns:
        Images within the ball, and what the unmodified classifier says of exactly those.

    Raises:
        InvalidInputError: pixels outside [0, 1], or a class outside [0, K).

    Reference: Madry et al., ICLR 2018, section 2.1, arXiv:1706.06083.
    """
    check_pixels(images)
    best = Best.of(images)
    for restart in range(params.restarts):
        rows = best.rows_to_attack(params.early_stop)
        if not len(rows):
            break
        stream = noise.streams(images[rows], restart)
        search = _Search(images[rows], objective.select(rows), threat, params, stream)
        yield from search.ascend(stage=f"attack, start {restart + 1} of {params.restarts}")
        best.merge(rows, search.best)
    return (yield from verified(images, best.images, objective, best.history, best.zero_steps))


def pgd_to(
    images: Tensor,
    goal: Goal,
    threat: ThreatModel,
    params: PGD,
    *,
    noise: Noise,
    early_stop: bool = False,
    record: Record = "curves",
) -> Procedure[AttackResult]:
    """Begin `pgd` as the catalogue describes it: a goal by class, a step size left to a rule."""
    told = PGDParams(
        step_size=params.resolved_step_size(threat.eps),
        steps=params.steps,
        random_start=params.resolved_random_start,
        restarts=params.restarts,
        early_stop=early_stop,
        record=record,
    )
    return pgd(images, goal.objective(params.loss), threat, told, noise=noise)


class _Search:
    """One ascent of all rows from one start."""

    def __init__(
        self,
        images: Tensor,
        objective: Objective,
        threat: ThreatModel,
        params: PGDParams,
        stream: ImageStreams,
    ) -> None:
        self.images, self.objective = images, objective
        self.threat, self.params = threat, params
        self.best = Best.of(images)
        self.current = threat.start(images, stream) if params.random_start else images.clone()
        self.fallback = stream.normal("zero gradient")
        self.active = torch.arange(len(images), device=images.device)

    def ascend(self, stage: str) -> Procedure[None]:
        """Step, look, keep the best; the last iterate is looked at too."""
        steps = self.params.steps
        recorder = Recorder(self.images, self.threat, steps + 1, self.params.record)
        for step in range(steps + 1):
            last = step == steps
            answer: Answer = yield Query(
                self._active(self.current),
                self.objective.select(self.active),
                gradient=not last,
                progress=Progress(stage, step, steps, self.current[0]),
            )
            scores = self._look(answer)
            recorder.keep(step, self.active, self._active(self.current), answer, scores)
            if not last:
                self._move(answer.gradients)
            if self.params.early_stop and step % STEPS_BETWEEN_STOPS == 0:
                self.active = self.active[self.best.scores[self.active] <= 0]
                if not len(self.active):
                    break
        self.best.history = recorder.history()

    def _active(self, rows: Tensor) -> Tensor:
        """Return the rows that have not stopped: no copy while that is all of them."""
        return rows if len(self.active) == len(rows) else rows[self.active]

    def _look(self, answer: Answer) -> Tensor:
        margins = self.objective.select(self.active).margins(answer.logits)
        found = margins if margins is not None else answer.values
        scores = torch.full_like(self.best.scores, -torch.inf)
        scores[self.active] = found.to(scores)
        self.best.offer(self.current, scores)
        return scores[self.active]

    def _move(self, gradients: Tensor) -> None:
        images, current = self._active(self.images), self._active(self.current)
        directions, zero = with_a_direction(gradients, self._active(self.fallback))
        self.best.zero_steps[self.active] += zero
        stepped = self.threat.stepped(current, directions, self.params.step_size)
        moved = self.threat.project(images, stepped)
        if self.params.early_stop:
            solved = self.best.scores[self.active] > 0
            moved = torch.where(solved[:, None, None, None], current, moved)
        # A new tensor: a view of the old one is being shown.
        everybody = len(moved) == len(self.current)
        self.current = moved if everybody else self.current.index_copy(0, self.active, moved)
