"""Projected gradient descent, and the fast gradient sign method as one step of it."""

from dataclasses import dataclass
from math import isfinite
from typing import Literal

import torch
from torch import Tensor

from advviz.attacks.history import History, Recorder
from advviz.attacks.result import AttackResult, verified
from advviz.errors import InvalidInputError
from advviz.noise import ImageStreams, Noise
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query
from advviz.threat_models import ThreatModel, happens_in_no_row, largest_magnitudes

STEPS_BETWEEN_STOPS = 10
"""Steps between looks at which rows have stopped: each look waits for the device."""


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
    record: Literal["nothing", "curves", "pictures"] = "curves"

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
    best, every = Best.of(images), torch.arange(len(images), device=images.device)
    for restart in range(params.restarts):
        rows = best.unsolved() if params.early_stop else every
        if not len(rows):
            break
        stream = noise.streams(images[rows], restart)
        search = _Search(images[rows], objective.select(rows), threat, params, stream)
        yield from search.ascend(stage=f"attack, start {restart + 1} of {params.restarts}")
        best.merge(rows, search.best)
    return (yield from verified(images, best.images, objective, best.history, best.zero_steps))


def check_pixels(images: Tensor) -> None:
    """Raise InvalidInputError unless the images are [N, C, H, W] with pixels in [0, 1]."""
    if images.ndim != 4 or not len(images):
        raise InvalidInputError(f"images must be [N, C, H, W], got {tuple(images.shape)}")
    low, high = float(images.min()), float(images.max())
    if not (low >= 0 and high <= 1):
        raise InvalidInputError(
            f"images must lie in [0, 1], got [{low:.4g}, {high:.4g}]; "
            "pass pixels, not normalised inputs"
        )


@dataclass(slots=True)
class Best:
    """The best iterate of each row so far, by margin: one past the goal beats one before it."""

    images: Tensor  # [N, C, H, W]
    scores: Tensor  # [N]; margin, or the objective where it aims at no decision
    zero_steps: Tensor  # [N] steps whose gradient was exactly zero
    history: History | None = None

    @classmethod
    def of(cls, images: Tensor) -> "Best":
        """Begin with the images themselves, which anything beats."""
        scores = torch.full((len(images),), -torch.inf, device=images.device, dtype=images.dtype)
        return cls(images.clone(), scores, torch.zeros_like(scores, dtype=torch.long))

    def unsolved(self) -> Tensor:
        """Return the rows that have not reached their goal."""
        return (self.scores <= 0).nonzero().flatten()

    def offer(self, images: Tensor, scores: Tensor) -> None:
        """Keep the rows that are better than before; the images offered stay as they are."""
        better = scores > self.scores
        if happens_in_no_row(~better):
            self.images, self.scores = images, scores
        elif not happens_in_no_row(better):
            self.images = torch.where(better[:, None, None, None], images, self.images)
            self.scores = torch.where(better, scores, self.scores)

    def merge(self, rows: Tensor, found: "Best") -> None:
        """Take over, at the given rows, what another search found."""
        better = found.scores > self.scores[rows]
        target = rows[better]
        self.images[target] = found.images[better]
        self.scores[target] = found.scores[better]
        self.zero_steps[rows] += found.zero_steps
        if self.history is None:
            self.history = found.history
        elif found.history is not None:
            self.history.replace(target, found.history.select(better))


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
        self.fallback = threat.steepest(stream.normal("zero gradient"))
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
            recorder.keep(step, self.active, self.current, answer, scores)
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
        return scores

    def _move(self, gradients: Tensor) -> None:
        images, current = self._active(self.images), self._active(self.current)
        zero = largest_magnitudes(gradients).flatten() == 0
        self.best.zero_steps[self.active] += zero
        direction = self.threat.steepest(gradients)
        if not happens_in_no_row(zero):
            fallback = self._active(self.fallback)
            torch.where(zero[:, None, None, None], fallback, direction, out=direction)
        stepped = torch.add(current, direction, alpha=self.params.step_size)
        moved = self.threat.project(images, stepped)
        if self.params.early_stop:
            solved = self.best.scores[self.active] > 0
            moved = torch.where(solved[:, None, None, None], current, moved)
        # A new tensor: a view of the old one is being shown.
        everybody = len(moved) == len(self.current)
        self.current = moved if everybody else self.current.index_copy(0, self.active, moved)
