"""Attacks whose saved 8-bit file still fools: the search sees what the file will hold."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from advviz.attacks.best import Best
from advviz.attacks.history import History
from advviz.attacks.result import AttackResult, verified
from advviz.errors import InvalidInputError
from advviz.objectives import Objective
from advviz.protocol import Procedure, Query
from advviz.threat_models import ThreatModel

LEVELS = 255
HALVINGS = 24
SLACK = 4e-7
"""What a distance of float32 pixels may be wrong by: a ten-thousandth of a level."""


def in_eight_bits(images: Tensor, candidates: Tensor, threat: ThreatModel) -> Tensor:
    """Round each change to whole levels of 1/255 without making it longer.

    Plain rounding forgets every change below half a level, and lengthens those above it. Here
    the change is first multiplied by the largest number for which its rounding is no longer than
    it was. So a budget too small to move every pixel by a level is spent on the pixels where the
    change is largest; for a linear function in L2 that is the greedy solution of the knapsack of
    single levels.

    Args:
        images: [N, C, H, W] in [0, 1], the pictures that are changed.
        candidates: [N, C, H, W] in [0, 1], the pictures after the change.
        threat: measures lengths.

    Returns:
        [N, C, H, W], every value k / 255. A row whose image is itself so far from 8 bits that
        nothing as near as its candidate can be saved is rounded plainly.
    """
    change = candidates.double() - images.double()
    radius = threat.distance(images, candidates)
    largest = change.abs().amax(dim=(1, 2, 3)).clamp_min(1e-12)
    low = torch.zeros_like(radius)
    high = (radius + 1 / LEVELS) / largest  # moves one pixel, and with it the row, too far
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        fits = _fits(images, change, middle, threat, radius)
        low, high = torch.where(fits, middle, low), torch.where(fits, high, middle)
    plain = ~_fits(images, change, low, threat, radius)
    return _rounded(images, change, torch.where(plain, torch.ones_like(low), low))


def _fits(
    images: Tensor, change: Tensor, times: Tensor, threat: ThreatModel, radius: Tensor
) -> Tensor:
    distance = threat.distance(images, _rounded(images, change, times))
    return distance <= radius + SLACK


def _rounded(images: Tensor, change: Tensor, times: Tensor) -> Tensor:
    """Return the levels nearest to the images plus a multiple [N] of each change."""
    moved = images.double() + times.view(-1, 1, 1, 1) * change
    # In the precision of the images from here on: that is how a file is read.
    return (moved * LEVELS).round().clamp(0, LEVELS).to(images) / LEVELS


def saved(
    images: Tensor,
    objective: Objective,
    threat: ThreatModel,
    search: Procedure[AttackResult],
) -> Procedure[AttackResult]:
    """Run an attack so that every picture that it asks about is one that 8 bits can hold.

    The attack goes on from its own, unrounded pictures, with the gradients of the rounded ones
    (a straight-through estimate). The best rounded picture of the whole search is returned:
    moved back into the ball by the rounding of float32 where that is needed, it is still the
    same file.

    Args:
        images: [1, C, H, W] in [0, 1].
        objective: what the attack raises; its goal decides which picture is best.
        threat: the ball.
        search: the attack on these images. Its queries without an objective, which report, are
            passed on as they are.

    Raises:
        InvalidInputError: more than one image.

    Reference: Bengio et al., 2013, arXiv:1308.3432, for the straight-through estimate.
    """
    if len(images) != 1:
        raise InvalidInputError(
            f"an 8-bit attack takes one image, got {len(images)}; attack them one by one"
        )
    best = Best.of(images)
    found = yield from _asked_in_eight_bits(images, threat, search, best)
    returned = threat.project(images, best.images)
    history = None if found.history is None else _seen(images, threat, found.history)
    zeros, queries = found.zero_gradient_steps, found.queries
    return (yield from verified(images, returned, objective, history, zeros, queries=queries))


def _asked_in_eight_bits(
    images: Tensor, threat: ThreatModel, search: Procedure[AttackResult], best: Best
) -> Generator[Any, Any, AttackResult]:
    """Drive a search with answers about rounded pictures, and keep the best of those."""
    reply: Any = None
    try:
        while True:
            try:
                request = search.send(reply)
            except StopIteration as finished:
                found: AttackResult = finished.value
                return found
            if not isinstance(request, Query) or request.objective is None:
                reply = yield request
                continue
            shown = in_eight_bits(images.expand_as(request.images), request.images, threat)
            reply = yield replace(request, images=shown)
            margins = request.objective.margins(reply.logits)
            scores = reply.values if margins is None else margins
            first = scores.argmax(0, keepdim=True)
            best.offer(shown.index_select(0, first), scores.index_select(0, first).to(best.scores))
    finally:
        search.close()


def _seen(images: Tensor, threat: ThreatModel, history: History) -> History:
    """Return a history with the pictures that were asked about.

    Where no pictures were kept, the distances stay those of the unrounded ones, which are no
    shorter.
    """
    if history.pictures is None:
        return history
    pictures = history.pictures[:, 0]
    originals = images.expand_as(pictures)
    shown = in_eight_bits(originals, pictures, threat)
    distance = threat.distance(originals, shown)[:, None]
    return replace(history, pictures=shown[:, None], distance=distance)
