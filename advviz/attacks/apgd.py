"""Auto-PGD: gradient ascent with momentum that halves its step where it no longer gains.

Nothing of it is to be tuned but the number of steps. Reference: Croce & Hein, ICML 2020,
section 3 and algorithm 1, arXiv:2003.01690.
"""

from dataclasses import dataclass, fields
from math import ceil

import torch
from torch import Tensor

from advviz.attacks.best import STEPS_BETWEEN_STOPS, Best, check_pixels, with_a_direction
from advviz.attacks.goal import Goal
from advviz.attacks.history import Record, Recorder
from advviz.attacks.parameters import APGD, refuse_norm
from advviz.attacks.result import AttackResult, verified
from advviz.noise import ImageStreams, Noise
from advviz.objectives import ClassLoss, TargetedDLR
from advviz.protocol import Answer, Procedure, Progress, Query
from advviz.threat_models import ThreatModel

NORMS = ("l2", "linf")
MOMENTUM = 0.75
"""Weight of a step against the change of the step before it."""
ENOUGH = 0.75
"""Share of the steps between two checkpoints that must gain, for the step to stay as it is."""


def checkpoints(steps: int) -> tuple[int, ...]:
    """Return the steps at which the step size is reconsidered: ever closer to each other."""
    shares = [0.0, 0.22]
    while shares[-1] < 1:
        shares.append(shares[-1] + max(shares[-1] - shares[-2] - 0.03, 0.06))
    # Rounded first: 0.57 · 100 is a little more than 57.
    marks = (ceil(round(share * steps, 6)) for share in shares)
    return tuple(dict.fromkeys(mark for mark in marks if mark < steps))


def apgd(
    images: Tensor,
    goal: Goal,
    threat: ThreatModel,
    params: APGD,
    *,
    loss: str,
    noise: Noise,
    early_stop: bool = False,
    record: Record = "curves",
) -> Procedure[AttackResult]:
    """Raise a loss inside a norm ball by Auto-PGD, from random points.

    Args:
        images: [N, C, H, W] in [0, 1]; not modified.
        goal: the class to leave or to reach, row by row.
        threat: the ball, L2 or L-inf.
        params: steps and restarts.
        loss: "cross-entropy" for APGD-CE, "dlr" for APGD-DLR.
        noise: the only source of randomness, one stream an image.
        early_stop: leave a row alone once it has reached its goal.
        record: what to keep of every step.

    Returns:
        The best iterate of each row: by success, then by margin.

    Raises:
        InvalidInputError: pixels outside [0, 1], or DLR with fewer than three classes.
    """
    check_pixels(images)
    refuse_norm("apgd", threat.norm, NORMS)
    best, objective = Best.of(images), goal.objective(loss)
    for restart in range(params.restarts):
        rows = best.rows_to_attack(early_stop)
        if not len(rows):
            break
        search = Search(images[rows], objective.select(rows), threat, params.steps, record)
        stage = f"attack, start {restart + 1} of {params.restarts}"
        stream = noise.streams(images[rows], restart)
        best.merge(rows, (yield from search.ascend(stream, stage, early_stop=early_stop)))
    return (yield from verified(images, best.images, objective, best.history, best.zero_steps))


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """One ascent of all rows, from random points of the ball."""

    images: Tensor
    objective: ClassLoss | TargetedDLR
    threat: ThreatModel
    steps: int
    record: Record

    def ascend(self, stream: ImageStreams, stage: str, *, early_stop: bool) -> Procedure[Best]:
        """Step, look, keep the best; at a checkpoint, go back to it with half the step."""
        best, walk = Best.of(self.images), _Walk.begin(self.images, self.threat, stream)
        recorder = Recorder(self.images, self.threat, self.steps + 1, self.record)
        marks = checkpoints(self.steps)
        since = dict(zip(marks[1:], marks, strict=False))
        for step in range(self.steps + 1):
            answer: Answer = yield Query(
                walk.points,
                self.objective.select(walk.rows),
                gradient=step < self.steps,
                progress=Progress(stage, step, self.steps, walk.points[0]),
            )
            margins = self.objective.select(walk.rows).margins(answer.logits)
            best.offer_at(walk.rows, walk.points, margins)
            recorder.keep(step, walk.rows, walk.points, answer, margins)
            if step == self.steps:
                break
            walk.look(answer)
            if step in since:
                walk.reconsider(step - since[step])
            best.zero_steps[walk.rows] += walk.move(self.threat, 1 if step == 0 else MOMENTUM)
            if early_stop and step % STEPS_BETWEEN_STOPS == 0:
                walk = walk.select((best.scores[walk.rows] <= 0).nonzero().flatten())
                if not len(walk.rows):
                    break
        best.history = recorder.history()
        return best


@dataclass(slots=True, eq=False)
class _Walk:
    """Where the ascent of each row is; the names of the paper in brackets."""

    rows: Tensor  # [A] of the batch, those that have not stopped
    images: Tensor
    points: Tensor  # (x_k)
    previous: Tensor  # (x_k−1)
    gradients: Tensor  # at the points
    fallback: Tensor  # directions where a gradient is exactly zero
    lengths: Tensor  # [A, 1, 1, 1] of a step (η)
    values: Tensor  # [A] at the points (f(x_k))
    gains: Tensor  # [A] steps since the last checkpoint that raised the value
    summits: Tensor  # where the value was largest (x_max)
    slopes: Tensor  # the gradients there
    heights: Tensor  # [A] the values there (f_max)
    heights_before: Tensor  # [A] at the last checkpoint
    halved: Tensor  # [A] whether the step was halved at the last checkpoint

    @classmethod
    def begin(cls, images: Tensor, threat: ThreatModel, stream: ImageStreams) -> "_Walk":
        """Start at random points of the ball, with steps as long as the ball is wide."""
        points, nowhere = threat.start(images, stream), torch.zeros_like(images)
        infinite = images.new_full((len(images),), torch.inf)
        return cls(
            rows=torch.arange(len(images), device=images.device),
            images=images,
            points=points,
            previous=points,
            gradients=nowhere,
            fallback=stream.normal("zero gradient"),
            lengths=images.new_full((len(images), 1, 1, 1), 2 * threat.eps),
            values=infinite,
            gains=torch.zeros_like(infinite),
            summits=points,
            slopes=nowhere,
            heights=-infinite,
            heights_before=-infinite,
            halved=torch.zeros_like(infinite, dtype=torch.bool),
        )

    def look(self, answer: Answer) -> None:
        """Take in what the objective and its gradient are at the points."""
        higher = answer.values > self.heights
        self.gains = self.gains + (answer.values > self.values)
        self.values, self.gradients = answer.values, answer.gradients
        self.heights = torch.where(higher, self.values, self.heights)
        self.summits = _chosen(higher, self.points, self.summits)
        self.slopes = _chosen(higher, self.gradients, self.slopes)

    def reconsider(self, steps: int) -> None:
        """Halve the step of rows that gain too little, and send them to their best point."""
        too_few = self.gains < ENOUGH * steps
        no_better = ~self.halved & (self.heights <= self.heights_before)
        self.halved = too_few | no_better
        self.lengths = _chosen(self.halved, self.lengths / 2, self.lengths)
        self.points = _chosen(self.halved, self.summits, self.points)
        self.gradients = _chosen(self.halved, self.slopes, self.gradients)
        self.heights_before, self.gains = self.heights, torch.zeros_like(self.gains)

    def move(self, threat: ThreatModel, weight: float) -> Tensor:
        """Make a step, with momentum; return whose gradient was exactly zero [A]."""
        directions, zero = with_a_direction(self.gradients, self.fallback)
        ahead = self.points + self.lengths * threat.steepest(directions)
        step = threat.project(self.images, ahead) - self.points
        drift = self.points - self.previous
        candidates = self.points + weight * step + (1 - weight) * drift
        self.previous, self.points = self.points, threat.project(self.images, candidates)
        return zero

    def select(self, which: Tensor) -> "_Walk":
        """Keep some of the rows."""
        return _Walk(**{f.name: getattr(self, f.name)[which] for f in fields(self)})


def _chosen(where: Tensor, these: Tensor, others: Tensor) -> Tensor:
    """Choose between two batches [A, C, H, W], row by row."""
    return torch.where(where[:, None, None, None], these, others)
