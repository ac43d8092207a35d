"""The square attack: random squares of colour, kept where they help; no gradient is asked for."""

from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.attacks.best import STEPS_BETWEEN_STOPS, Best, check_pixels
from advviz.attacks.goal import Goal
from advviz.attacks.history import Record, Recorder
from advviz.attacks.parameters import Square, refuse_norm
from advviz.attacks.result import AttackResult, verified
from advviz.attacks.square_proposals import PROPOSALS
from advviz.noise import ImageStreams, Noise
from advviz.protocol import Answer, Procedure, Progress, Query
from advviz.threat_models import ThreatModel

HALVED_AT = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
"""Questions, of 10000, after which the squares cover half the share."""


def square(
    images: Tensor,
    goal: Goal,
    threat: ThreatModel,
    params: Square,
    *,
    noise: Noise,
    early_stop: bool = False,
    record: Record = "curves",
) -> Procedure[AttackResult]:
    """Search at random within a norm ball, by the model's scores alone.

    Each question shows a change of one square, whose size shrinks on a schedule. It is kept
    where the score rises: the margin, or the log-probability of a class to reach. Every answer
    decides, so every query is exact.

    Args:
        images: [N, C, H, W] in [0, 1]; not modified.
        goal: the class to leave or to reach, row by row.
        threat: the ball, L2 or L-inf.
        params: how many questions, and the share of the first square.
        noise: the only source of randomness, one stream an image.
        early_stop: ask no more about a row that has reached its goal.
        record: what to keep, of at most 100 questions.

    Returns:
        The best image of each row, and the number of questions until its goal was reached.

    Raises:
        InvalidInputError: pixels outside [0, 1], or an L1 ball.

    Reference: Andriushchenko et al., ECCV 2020, arXiv:1912.00049.
    """
    check_pixels(images)
    refuse_norm("square", threat.norm, tuple(PROPOSALS))
    objective = goal.objective("cross-entropy" if goal.targeted else "margin")
    start, propose = PROPOSALS[threat.norm]
    walk = _Walk.begin(images, noise)
    best, recorder = Best.of(images), Recorder(images, threat, params.entries, record)
    queries = torch.zeros(len(images), dtype=torch.long, device=images.device)
    for number in range(params.queries):
        if number == 0:
            candidates = start(walk.images, threat, walk.stream)
        else:
            share = params.first_share * share_left(number, params.queries)
            candidates = propose(walk.images, walk.points, threat, share, walk.stream, number)
        answer: Answer = yield Query(
            candidates,
            objective.select(walk.rows),
            gradient=False,
            exact=True,
            progress=Progress("attack", number, params.queries, walk.points[0]),
        )
        margins = objective.select(walk.rows).margins(answer.logits)
        queries[walk.rows] += best.scores[walk.rows] <= 0
        best.offer_at(walk.rows, candidates, margins)
        walk.accept(candidates, answer.values)
        if number % params.between == 0:
            recorder.keep(number, walk.rows, candidates, answer, margins)
        if early_stop and number % STEPS_BETWEEN_STOPS == 0:
            walk = walk.select((best.scores[walk.rows] <= 0).nonzero().flatten())
            if not len(walk.rows):
                break
    history, zeros = recorder.history(), torch.zeros_like(queries)
    found = verified(images, best.images, objective, history, zeros, queries=queries)
    return (yield from found)


def share_left(number: int, queries: int) -> float:
    """Return the part of the first share that a square covers at one of the questions."""
    passed = int(number / queries * 10000)
    halvings = sum(passed > mark for mark in HALVED_AT)
    return float(0.5**halvings)


@dataclass(slots=True, eq=False)
class _Walk:
    """Where the search of each active row is."""

    rows: Tensor  # [A] of the batch, those that have not stopped
    images: Tensor  # [A, C, H, W]
    points: Tensor  # [A, C, H, W]
    values: Tensor  # [A] at the points
    stream: ImageStreams

    @classmethod
    def begin(cls, images: Tensor, noise: Noise) -> "_Walk":
        """Begin with the images, which anything beats."""
        rows = torch.arange(len(images), device=images.device)
        values = images.new_full((len(images),), -torch.inf)
        return cls(rows, images, images, values, noise.streams(images))

    def accept(self, candidates: Tensor, values: Tensor) -> None:
        """Go where the score is higher."""
        higher = values > self.values
        self.points = torch.where(higher[:, None, None, None], candidates, self.points)
        self.values = torch.where(higher, values, self.values)

    def select(self, which: Tensor) -> "_Walk":
        """Keep some of the rows."""
        if len(which) == len(self.rows):
            return self
        return _Walk(
            self.rows[which],
            self.images[which],
            self.points[which],
            self.values[which],
            self.stream.select(which),
        )
