"""The smallest change that fools, by any attack.

An attack within a ball is repeated, and the radius bisected. One that looks for the smallest
change by itself is run once.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import torch
from torch import Tensor

from advviz.attacks.best import check_pixels
from advviz.attacks.result import AttackResult, verified
from advviz.errors import InvalidInputError
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Query
from advviz.threat_models import ThreatModel, threat_model

Attack = Callable[[ThreatModel], Procedure[AttackResult]]
"""Begins an attack on the image within a ball; its result is verified by exact queries."""

FALLBACK = 1 / 64
"""Of the largest radius: where the search begins if the gradient says nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One attack of the search: its radius, and whether it reached the goal."""

    eps: float
    reached: bool


@dataclass(frozen=True, slots=True, eq=False)
class Smallest:
    """What the search found.

    Args:
        found: the attack whose change is the smallest of those that reached the goal; None
            where none did up to the largest radius.
        distance: of that change, in the ball's norm: an upper bound of the smallest one; None
            without one.
        held: the largest radius below it at which the attack failed; 0 where it never did. Not
            a proof: another attack may succeed there.
        trials: every attack, in the order in which it was made.
        original_logits: [1, K] of the image.
    """

    found: AttackResult | None
    distance: float | None
    held: float
    trials: tuple[Trial, ...]
    original_logits: Tensor


def smallest(
    images: Tensor,
    margin: Objective,
    norm: str,
    attack: Attack,
    *,
    limit: float,
    tolerance: float,
) -> Procedure[Smallest]:
    """Find the smallest radius at which an attack reaches its goal on one image.

    The first radius is where the goal would be reached if the classifier were linear: minus the
    margin, by the dual norm of its gradient. It is doubled while the attack fails and halved
    while it succeeds; the bracket that is left is bisected. After a success its upper end is the
    measured distance, which may be shorter than the radius.

    Args:
        images: [1, C, H, W] in [0, 1].
        margin: how far past the goal a picture is, such as `towards(classes, "margin")`.
        norm: of the ball.
        attack: begins the attack within a ball.
        limit: the largest radius that is tried.
        tolerance: the search ends when the bracket is at most this share of its upper end.

    Returns:
        The smallest change found, the bracket, and every trial. An image that is past the goal
        from the start has distance 0.

    Raises:
        InvalidInputError: more than one image, or a tolerance outside (0, 1).
    """
    check_pixels(images)
    if len(images) != 1:
        raise InvalidInputError(f"the search takes one image, got {len(images)}")
    if not (isfinite(tolerance) and 0 < tolerance < 1):
        raise InvalidInputError(f"tolerance must lie in (0, 1), got {tolerance}")
    nothing = torch.zeros(1, dtype=torch.long, device=images.device)
    unchanged = yield from verified(images, images, margin, None, nothing)
    if bool(unchanged.success[0]):
        return Smallest(unchanged, 0.0, 0.0, (), unchanged.original_logits)
    search = _Bracket(images, norm, attack, limit)
    guess = yield from _first_order(images, margin, norm, limit)
    yield from search.bracket(guess)
    while search.found is not None and search.high - search.low > tolerance * search.high:
        yield from search.attempt((search.low + search.high) / 2)
    distance = None if search.found is None else search.high
    trials, logits = tuple(search.trials), unchanged.original_logits
    return Smallest(search.found, distance, search.low, trials, logits)


def smallest_at_once(
    images: Tensor, norm: str, attack: Attack, *, limit: float
) -> Procedure[Smallest]:
    """Run an attack that looks for the smallest change by itself; see `smallest`."""
    threat = threat_model(norm, limit)
    found = yield from attack(threat)
    trials = (Trial(limit, bool(found.success[0])),)
    if not trials[0].reached:
        return Smallest(None, None, 0.0, trials, found.original_logits)
    distance = float(threat.distance(images, found.images)[0])
    return Smallest(found, distance, 0.0, trials, found.original_logits)


def _first_order(
    images: Tensor, margin: Objective, norm: str, limit: float
) -> Generator[Any, Any, float]:
    """Return the radius at which a linear classifier with this margin and gradient gives way."""
    answer: Answer = yield Query(images, margin)
    steepest = threat_model(norm, limit).steepest(answer.gradients)
    slope = float((answer.gradients.double() * steepest.double()).sum())
    missing = -float(answer.values[0])
    if not (slope > 0 and missing > 0 and isfinite(missing / slope)):
        return limit * FALLBACK
    return min(missing / slope, limit)


class _Bracket:
    """The largest radius that failed and the smallest change that did not."""

    def __init__(self, images: Tensor, norm: str, attack: Attack, limit: float) -> None:
        self.images = images
        self.norm, self.attack, self.limit = norm, attack, limit
        self.low, self.high = 0.0, limit
        self.found: AttackResult | None = None
        self.trials: list[Trial] = []

    def bracket(self, guess: float) -> Procedure[None]:
        """Double or halve a first guess until one end fails and the other does not."""
        eps = max(guess, self.limit * 1e-9)
        while self.found is None and self.low < self.limit:
            yield from self.attempt(min(eps, self.limit))
            eps *= 2
        while self.found is not None and self.low == 0 and self.high > self.limit * 1e-9:
            yield from self.attempt(self.high / 2)

    def attempt(self, eps: float) -> Procedure[None]:
        """Attack within a radius, and move one end of the bracket."""
        threat = threat_model(self.norm, eps)
        number = len(self.trials) + 1
        found = yield from _told(self.attack(threat), f"smallest change, trial {number}")
        reached = bool(found.success[0])
        self.trials.append(Trial(eps, reached))
        if reached:
            distance = threat.distance(self.images, found.images)
            self.found, self.high = found, min(float(distance[0]), eps)
            if self.low >= self.high:  # the attack failed where a shorter change would have done
                failed = (t.eps for t in self.trials if not t.reached and t.eps < self.high)
                self.low = max(failed, default=0.0)
        else:
            self.low = eps


def _told(procedure: Procedure[AttackResult], stage: str) -> Procedure[AttackResult]:
    """Run a procedure whose progress is told as a stage of a longer search."""
    reply: Any = None
    try:
        while True:
            try:
                request = procedure.send(reply)
            except StopIteration as finished:
                found: AttackResult = finished.value
                return found
            if request.progress is not None:
                request = replace(request, progress=replace(request.progress, stage=stage))
            reply = yield request
    finally:
        procedure.close()
