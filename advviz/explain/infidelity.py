"""Infidelity: does a map predict what happens to the score when the picture is changed?

Each change is a pair: the weights that are multiplied with the map, and the changed picture. As
the changes do not depend on the maps, all maps of an image share the same forward passes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.errors import InvalidInputError
from advviz.explain.faithfulness import ROWS_PER_QUERY, check_maps
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query

SIDE = 0.25
"""Side of a square that is taken away, as a share of the picture's shorter side."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One change of each image.

    Args:
        changed: [N, C, H, W], the pictures after it.
        weights: [N, C, H, W], or [N, M, C, H, W] if they differ from map to map: what the map
            is multiplied with. For a map in units of score per pixel value it is
            image − changed; for one that is already multiplied with the input (input ×
            gradient, integrated gradients) it is the share of the pixel that was taken away.
    """

    changed: Tensor
    weights: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Infidelity:
    """How badly maps predict changes of the score; all [N, M], better low.

    Args:
        plain: mean of (predicted − actual)², in the square of the score's unit.
        scaled: the same after each map was multiplied with its best factor, so that only its
            proportions count (`normalize=True` in Captum).
        unexplained: `scaled` over the mean of actual², in [0, 1]: the share of the changes that
            the map does not predict; comparable between models. nan where the score never
            changed.
    """

    plain: Tensor
    scaled: Tensor
    unexplained: Tensor


def gaussian_changes(images: Tensor, sigma: float, draws: int, *, noise: Noise) -> Iterator[Change]:
    """Yield images with Gaussian noise taken away, one stream an image.

    Args:
        images: [N, C, H, W] in [0, 1]; a changed picture may leave the range.
        sigma: standard deviation in pixel values, > 0.
        draws: how many.
        noise: the only source of randomness.
    """
    if not sigma > 0:
        raise InvalidInputError(f"sigma must be > 0, got {sigma}")
    streams = noise.streams(images)
    for draw in range(draws):
        taken = sigma * streams.normal("infidelity", draw)
        yield Change(images - taken, taken)


def square_changes(
    images: Tensor,
    replacement: Tensor,
    draws: int,
    *,
    noise: Noise,
    multiplied: Sequence[bool] = (False,),
) -> Iterator[Change]:
    """Yield images with a square replaced, at a place drawn for each image.

    Squares change what is seen, where independent noise changes what no photograph contains.

    Args:
        images: [N, C, H, W] in [0, 1].
        replacement: [N, C, H, W], what is seen in the square.
        draws: how many.
        noise: the only source of randomness.
        multiplied: for each map, whether it is already multiplied with the input; then its
            weight is 1 in the square, and 0 elsewhere.
    """
    height, width = images.shape[2:]
    side = max(1, round(SIDE * min(height, width)))
    streams = noise.streams(images)
    rows = torch.arange(height, device=images.device).view(1, 1, -1, 1)
    columns = torch.arange(width, device=images.device).view(1, 1, 1, -1)
    for draw in range(draws):
        top = (streams.uniform("square row", draw) * (height - side + 1)).floor()
        left = (streams.uniform("square column", draw) * (width - side + 1)).floor()
        inside = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
        changed = torch.where(inside, replacement, images)
        share = inside.to(images.dtype).expand_as(images)
        kinds = [share if done else images - changed for done in multiplied]
        yield Change(changed, torch.stack(kinds, 1))


def infidelity(
    images: Tensor, maps: Tensor, objective: Objective, changes: Sequence[Change]
) -> Procedure[Infidelity]:
    """Compare what maps predict of some changes with what the score does.

    Args:
        images: [N, C, H, W] in [0, 1].
        maps: [N, M, C, H, W].
        objective: the score that the maps explain, such as `Logit(classes)`.
        changes: at least one; see `gaussian_changes` and `square_changes`.

    Returns:
        The three readings of the same forward passes, all exact.

    Raises:
        InvalidInputError: no change, or maps that do not fit.

    Reference: Yeh et al., NeurIPS 2019, definition 2.1, arXiv:1901.09392.
    """
    check_maps(images, maps)
    if not changes:
        raise InvalidInputError("infidelity needs at least one change, got none")
    before: Answer = yield Query(images, objective, gradient=False, exact=True)
    rows = torch.arange(len(images), device=images.device)
    together = max(1, ROWS_PER_QUERY // max(1, len(images)))
    predicted, actual = [], []
    for first in range(0, len(changes), together):
        part = changes[first : first + together]
        answer: Answer = yield Query(
            torch.cat([change.changed for change in part]),
            objective.select(rows.repeat(len(part))),
            gradient=False,
            exact=True,
            progress=Progress("infidelity", first, len(changes)),
        )
        actual += [before.values - values for values in answer.values.view(len(part), -1)]
        predicted += [_products(maps, change.weights) for change in part]
    return _compared(torch.stack(predicted), torch.stack(actual)[:, :, None])


def _products(maps: Tensor, weights: Tensor) -> Tensor:
    """Return the products [N, M] of maps with the weights of a change."""
    each = weights if weights.ndim == maps.ndim else weights[:, None]
    return (each * maps).flatten(2).sum(2)


def _compared(predicted: Tensor, actual: Tensor) -> Infidelity:
    """Compare predictions [D, N, M] with what happened [D, N, 1]."""
    squared, product = predicted.square().mean(0), (predicted * actual).mean(0)
    happened = actual.square().mean(0).expand_as(squared)
    # A map of zeros predicts nothing at any scale: its best factor is arbitrary, and 0 will do.
    factor = torch.where(squared > 0, product / squared, torch.zeros_like(squared))
    scaled = (factor * predicted - actual).square().mean(0)
    return Infidelity(
        plain=(predicted - actual).square().mean(0),
        scaled=scaled,
        unexplained=torch.where(
            happened > 0, scaled / happened, torch.full_like(happened, torch.nan)
        ),
    )
