"""Insertion and deletion: does the answer follow the pixels that a map calls important?

The pixels that a map ranks first are put into an empty picture (insertion), or taken out of
the whole one (deletion), a share at a time, and the class's score is followed. A faithful map
makes the first curve rise at once and the second fall at once. Nothing but forward passes is
asked for, all of them exact.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from advviz.errors import InvalidInputError
from advviz.explain.curves import Curves, Scores
from advviz.noise import Noise
from advviz.objectives import Logit
from advviz.protocol import Answer, Procedure, Progress, Query

ROWS_PER_QUERY = 256
"""Pictures asked about together, at least one point of the curve each time."""
MAX_STEPS = 4096

Ranking = Literal["magnitude", "signed"]
RANKINGS = ("magnitude", "signed")


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveParams:
    """What insertion and deletion are told.

    Args:
        steps: equal shares in which pixels change; a curve has one point more. Capped at one
            pixel a step.
        ranked: "magnitude": a pixel's rank is that of |map| summed over its channels, so that
            evidence against the class counts as important; "signed": of the map summed over
            its channels, so that it ranks last.
    """

    steps: int = 16
    ranked: Ranking = "magnitude"

    def __post_init__(self) -> None:
        """Refuse values that make no curve."""
        if not 1 <= self.steps <= MAX_STEPS:
            raise InvalidInputError(f"steps must lie in [1, {MAX_STEPS}], got {self.steps}")
        if self.ranked not in RANKINGS:
            raise InvalidInputError(
                f"ranked must be one of {', '.join(RANKINGS)}, got {self.ranked!r}"
            )


def pixel_order(maps: Tensor, ranked: Ranking, noise: Noise, images: Tensor) -> Tensor:
    """Sort the pixels of maps from the most to the least important.

    Equal pixels stand in a random order, one for each image and the same for all its maps, from
    the image's own stream. Reading order would let a map with many ties (a constant one, or one
    of large blocks) uncover a coherent part of the picture, which it did not choose.

    Args:
        maps: [N, M, C, H, W].
        ranked: see `CurveParams`.
        noise: decides among equals.
        images: [N, C, H, W], whose streams are used.

    Returns:
        Pixel indices in reading order, int64 [N, M, H · W].
    """
    scores = (maps.abs() if ranked == "magnitude" else maps).sum(2).flatten(2)
    keys = noise.streams(images).normal("ties")[:, 0].flatten(1)
    shuffled = keys.argsort(1)[:, None].expand_as(scores)
    order = scores.gather(2, shuffled).argsort(dim=2, descending=True, stable=True)
    return shuffled.gather(2, order)


def insertion_deletion(
    images: Tensor,
    maps: Tensor,
    classes: Tensor,
    replacement: Tensor,
    params: CurveParams,
    *,
    noise: Noise,
) -> Procedure[Curves]:
    """Follow the score of a class while pixels enter and leave in the order of each map.

    All maps of an image share its two ends, which are asked for once.

    Args:
        images: [N, C, H, W] in [0, 1].
        maps: [N, M, C, H, W]: M maps of each image, of any scale.
        classes: that is followed in each image, int64 [N].
        replacement: [N, C, H, W] in [0, 1], what is there where a pixel is not; see
            `advviz.explain.replacements`.
        params: steps, and what importance is.
        noise: decides among equal pixels.

    Returns:
        The curves, from exact queries.

    Raises:
        InvalidInputError: maps that do not fit the images, or that are not finite.

    Reference: Petsiuk, Das & Saenko, BMVC 2018, section 4, arXiv:1806.07421.
    """
    check_maps(images, maps)
    pixels = images.shape[2] * images.shape[3]
    steps = min(params.steps, pixels)
    counts = [step * pixels // steps for step in range(steps + 1)]
    ranks = pixel_order(maps, params.ranked, noise, images).argsort(2)
    ranks = ranks.view(*maps.shape[:2], 1, *images.shape[2:])
    ends: Answer = yield Query(torch.cat([replacement, images]), gradient=False, exact=True)
    empty, full = (
        _scores(logits, classes)
        for logits in (ends.logits[: len(images)], ends.logits[len(images) :])
    )
    total = 2 * max(0, steps - 1)
    inner: list[Scores] = []
    for upper, lower, stage in (
        (images, replacement, "insertion"),
        (replacement, images, "deletion"),
    ):
        found = yield from _inner(
            upper, lower, ranks, counts[1:-1], classes, stage, (len(inner), total)
        )
        inner.append(found)
    return Curves(
        fractions=images.new_tensor(counts) / pixels,
        insertion=_between(empty, inner[0], full),
        deletion=_between(full, inner[1], empty),
        empty=empty,
        full=full,
    )


def _inner(
    upper: Tensor,
    lower: Tensor,
    ranks: Tensor,
    counts: list[int],
    classes: Tensor,
    stage: str,
    place: tuple[int, int],
) -> Procedure[Scores]:
    """Score the pictures that are `upper` in the first pixels and `lower` in the rest.

    Returns:
        Scores [N, M, len(counts)].
    """
    images, maps = ranks.shape[:2]
    together = max(1, ROWS_PER_QUERY // max(1, images * maps))
    softmax, margin = [], []
    for first in range(0, len(counts), together):
        part = counts[first : first + together]
        mixed = torch.stack(
            [torch.where(ranks < count, upper[:, None], lower[:, None]) for count in part], 2
        )
        before = place[0] * (place[1] // 2)
        answer: Answer = yield Query(
            mixed.flatten(0, 2),
            gradient=False,
            exact=True,
            progress=Progress(stage, before + first, place[1]),
        )
        scores = _scores(answer.logits, classes.repeat_interleave(maps * len(part)))
        softmax.append(scores.softmax.view(images, maps, len(part)))
        margin.append(scores.margin.view(images, maps, len(part)))
    if not counts:
        nothing = upper.new_zeros(images, maps, 0)
        return Scores(nothing, nothing)
    return Scores(torch.cat(softmax, 2), torch.cat(margin, 2))


def _between(first: Scores, inner: Scores, last: Scores) -> Scores:
    """Put the shared ends before and after the inner points."""

    def joined(start: Tensor, middle: Tensor, end: Tensor) -> Tensor:
        shape = (*middle.shape[:2], 1)
        ends = [side[:, None, None].expand(shape) for side in (start, end)]
        return torch.cat([ends[0], middle, ends[1]], 2)

    return Scores(
        joined(first.softmax, inner.softmax, last.softmax),
        joined(first.margin, inner.margin, last.margin),
    )


def _scores(logits: Tensor, classes: Tensor) -> Scores:
    probability = logits.softmax(1).gather(1, classes[:, None]).squeeze(1)
    return Scores(probability, Logit(classes).margins(logits))


def check_maps(images: Tensor, maps: Tensor) -> None:
    """Refuse maps that do not belong to the images.

    Raises:
        InvalidInputError: another shape than [N, M, C, H, W], or values that are not finite.
    """
    if maps.ndim != 5 or maps.shape[0] != len(images) or maps.shape[2:] != images.shape[1:]:
        raise InvalidInputError(
            f"maps must have shape [N, M, C, H, W] for images {list(images.shape)}, "
            f"got {list(maps.shape)}"
        )
    if not bool(maps.isfinite().all()):
        raise InvalidInputError("maps must be finite, got nan or inf; choose another method")
