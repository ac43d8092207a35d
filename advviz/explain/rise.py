"""RISE: random masks, each weighted by the score of what it leaves visible."""

import torch
from torch import Tensor
from torch.nn import functional

from advviz.explain.baselines import baseline
from advviz.explain.gradient import Explanation
from advviz.explain.parameters import RISE
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query

MASKS_PER_QUERY = 32


def rise(
    images: Tensor, objective: Objective, params: RISE, *, noise: Noise
) -> Procedure[Explanation]:
    """Average random masks, weighted by the objective of each masked image.

    The result estimates E[f | the pixel is visible]; centred, E[f | visible] − E[f]. The network
    is asked forward alone, and nothing need be differentiable.

    Args:
        images: [N, C, S, S] in [0, 1].
        objective: one scalar a row; in the paper the class's probability.
        params: how many masks, their cells, the share kept, and what is shown instead.
        noise: one stream an image; mask i is the same whatever the number of masks.

    Returns:
        [N, 1, S, S] in units of the objective.

    Reference: Petsiuk et al., BMVC 2018, section 3, arXiv:1806.07421.
    """
    streams, size = noise.streams(images), images.shape[-1]
    hidden = baseline(params.baseline, images, noise=noise)
    rows = torch.arange(len(images), device=images.device)
    weighted, visible = (torch.zeros_like(images[:, :1]) for _ in range(2))
    scores = torch.zeros_like(images[:, :1, :1, :1])
    for first in range(0, params.masks, MASKS_PER_QUERY):
        draws = range(first, min(first + MASKS_PER_QUERY, params.masks))
        count = params.cells**2 + 2
        numbers = torch.cat([streams.uniforms(count, "RISE", d) for d in draws])
        masks = drawn(numbers, params, size).to(images).view(len(draws), -1, 1, size, size)
        shown = (hidden + masks * (images - hidden)).flatten(0, 1)
        repeated = objective.select(rows.repeat(len(draws)))
        progress = Progress("RISE", first, params.masks)
        answer: Answer = yield Query(shown, repeated, gradient=False, progress=progress)
        values = answer.values.view(len(draws), -1, 1, 1, 1)
        weighted += (values * masks).sum(0)
        visible += masks.sum(0)
        scores += values.sum(0)
    if params.centred:
        weighted -= scores / params.masks * visible
    final: Answer = yield Query(images, objective, gradient=False, exact=True)
    return Explanation(weighted / (params.masks * params.kept), final.values, final.logits)


def drawn(numbers: Tensor, params: RISE, size: int) -> Tensor:
    """Make masks [n, size, size] in [0, 1] of uniform numbers.

    A grid of cells, each visible with the given probability, is enlarged bilinearly by one cell
    more than the image has, and cut out at a random place.

    Args:
        numbers: [n, cells² + 2] in [0, 1), on the CPU: the grid, then the place.
        params: the cells and the share kept.
        size: of the image, a side.
    """
    cells, side = params.cells, -(-size // params.cells)
    grid = (numbers[:, :-2] < params.kept).to(numbers).view(-1, cells, cells)
    identity = torch.eye(cells, dtype=numbers.dtype)[None]
    enlarged = functional.interpolate(identity, size=(cells + 1) * side, mode="linear")[0].T
    places = torch.arange(size)
    shifts = (numbers[:, -2:] * side).long()
    down, across = (enlarged[shifts[:, axis, None] + places] for axis in (0, 1))
    return down @ grid @ across.mT
