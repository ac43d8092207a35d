"""Occlusion: how far the score falls when a window hides a part of the picture."""

import torch
from torch import Tensor

from advviz.explain.baselines import baseline
from advviz.explain.gradient import Explanation
from advviz.explain.parameters import Occlusion
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query

WINDOWS_PER_QUERY = 32


def occlusion(
    images: Tensor, objective: Objective, params: Occlusion, *, noise: Noise
) -> Procedure[Explanation]:
    """Slide a window over each image, and average what it costs to hide each pixel.

    A pixel's amount is the mean, over the windows that hide it, of the fall of the objective.
    No gradient is asked for, so it holds for changes of any size, one window at a time.

    Args:
        images: [N, C, S, S] in [0, 1].
        objective: one scalar a row.
        params: the window, its stride, and what it shows instead.
        noise: one stream an image; drawn from by the noisy baseline alone.

    Returns:
        The mean fall, [N, 1, S, S] in units of the objective.

    Raises:
        InvalidInputError: a window larger than the images, or gaps between windows.

    Reference: Zeiler & Fergus, ECCV 2014, section 4.2, arXiv:1311.2901.
    """
    size = images.shape[-1]
    params = params.resolved(size)
    hidden = baseline(params.baseline, images, noise=noise)
    rows = torch.arange(len(images), device=images.device)
    covers = windows(size, int(params.window), int(params.stride)).to(images.device)
    whole: Answer = yield Query(images, objective, gradient=False)
    total = torch.zeros_like(images[:, :1])
    for first in range(0, len(covers), WINDOWS_PER_QUERY):
        part = covers[first : first + WINDOWS_PER_QUERY, None, None]  # [n, 1, 1, S, S]
        shown = torch.where(part, hidden, images).flatten(0, 1)
        repeated = objective.select(rows.repeat(len(part)))
        progress = Progress("occlusion", first, len(covers))
        answer: Answer = yield Query(shown, repeated, gradient=False, progress=progress)
        falls = whole.values - answer.values.view(len(part), -1)
        total += (falls[..., None, None, None] * part).sum(0)
    final: Answer = yield Query(images, objective, gradient=False, exact=True)
    return Explanation(total / covers.sum(0), final.values, final.logits)


def windows(size: int, window: int, stride: int) -> Tensor:
    """List the windows as masks [n, size, size]; the last of a row may end at the border."""
    starts = torch.arange(-(-(size - window) // stride) + 1) * stride
    places = torch.arange(size)
    covered = (places >= starts[:, None]) & (places < starts[:, None] + window)
    return (covered[:, None, :, None] & covered[None, :, None, :]).flatten(0, 1)
