"""Sensitivity: how far does a map move when the picture changes too little to be seen?"""

from collections.abc import Callable, Iterator, Sequence
from math import isfinite

import torch
from torch import Tensor

from advviz.errors import InvalidInputError
from advviz.explain.gradient import Explanation
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Procedure

RADIUS = 0.02
"""Largest change of a pixel value; Captum's."""
DRAWS = 10
"""Nearby pictures; Captum's."""
ROWS_TOGETHER = 32
"""Pictures that are explained together, at least one draw each time."""

Explain = Callable[[Tensor, Objective], Procedure[Explanation]]
"""Explains images [N, C, H, W] for an objective with as many rows."""


def nearby(images: Tensor, radius: float, draws: int, *, noise: Noise) -> Iterator[Tensor]:
    """Yield pictures drawn uniformly from the cube around each image, cut to [0, 1].

    Args:
        images: [N, C, H, W] in [0, 1].
        radius: largest change of a pixel value, > 0.
        draws: how many.
        noise: one stream an image.
    """
    if not (isfinite(radius) and radius > 0):
        raise InvalidInputError(f"radius must be finite and > 0, got {radius}")
    streams = noise.streams(images)
    for draw in range(draws):
        # The distribution function of the normal makes uniform numbers of normal ones.
        uniform = torch.special.ndtr(streams.normal("sensitivity", draw))
        yield (images + radius * (2 * uniform - 1)).clamp(0, 1)


def sensitivity_max(
    images: Tensor, objective: Objective, explain: Explain, neighbours: Sequence[Tensor]
) -> Procedure[Tensor]:
    """Return the largest move of a map among nearby pictures, over the map's own length.

    A constant map scores 0, which is the best: the figure says nothing without one about
    faithfulness. A method with noise of its own draws it anew for each picture, so that its
    spread over draws is part of the figure.

    Args:
        images: [N, C, H, W] in [0, 1].
        objective: what is explained.
        explain: the method.
        neighbours: pictures [N, C, H, W] near the images; see `nearby`.

    Returns:
        [N], the largest ‖map(neighbour) − map(image)‖ / ‖map(image)‖ in L2; not divided where
        the image's own map is zero, as in Captum.

    Raises:
        InvalidInputError: no neighbours.

    Reference: Yeh et al., NeurIPS 2019, definition 3.1, arXiv:1901.09392.
    """
    if not neighbours:
        raise InvalidInputError("sensitivity needs at least one nearby picture, got none")
    own: Explanation = yield from explain(images, objective)
    rows = torch.arange(len(images), device=images.device)
    together = max(1, ROWS_TOGETHER // max(1, len(images)))
    largest = images.new_zeros(len(images))
    for first in range(0, len(neighbours), together):
        part = neighbours[first : first + together]
        moved: Explanation = yield from explain(
            torch.cat(list(part)), objective.select(rows.repeat(len(part)))
        )
        maps = moved.attributions.view(len(part), *own.attributions.shape)
        moves = (maps - own.attributions).flatten(2).norm(dim=2)
        largest = torch.maximum(largest, moves.amax(0))
    length = own.attributions.flatten(1).norm(dim=1)
    return largest / torch.where(length > 0, length, torch.ones_like(length))
