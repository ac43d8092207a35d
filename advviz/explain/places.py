"""Where in the picture a layer's activations stand: on a grid of positions, or of tokens."""

from collections.abc import Collection
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor
from torch.nn import functional

from advviz.errors import InvalidInputError

MOST_PREFIXED = 8
"""Tokens that may come before those of the picture: the class token, and registers."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How the positions of an activation lie.

    Args:
        height: rows of positions.
        width: positions in a row.
        axis: where the channels are: 1 for [N, C, H, W], 3 for [N, H, W, C], 2 for tokens.
        prefix: tokens before those of the picture.
    """

    height: int
    width: int
    axis: int
    prefix: int = 0

    def channels_first(self, activations: Tensor) -> Tensor:
        """Return activations as [N, C, height, width], without the tokens of no place."""
        if self.axis == 1:
            return activations
        if self.axis == 3:
            return activations.permute(0, 3, 1, 2)
        tokens = activations[:, self.prefix :].transpose(1, 2)
        return tokens.reshape(*tokens.shape[:2], self.height, self.width)


def grid_of(shape: torch.Size, images: Tensor) -> Grid | None:
    """Find out how the positions of a layer's output lie; None where it has no places.

    Of four axes, the channels are the last one where the middle two are equal and differ from
    it (Swin, ConvNeXt inside its blocks), and the second one otherwise. The grid has the
    proportions of the images [N, C, H, W]: queries of attention, [N, heads, T, d], have no
    places.
    """
    if len(shape) == 3:
        return token_grid(shape[1])
    if len(shape) != 4 or len(images) != shape[0]:
        return None
    last = shape[1] == shape[2] != shape[3]
    height, width = (shape[1], shape[2]) if last else (shape[2], shape[3])
    high, wide = images.shape[2:]
    in_proportion = abs(height * wide - width * high) < max(high, wide)
    return Grid(height, width, 3 if last else 1) if height * width > 1 and in_proportion else None


def joins_tokens(shape: torch.Size, tokens: Collection[int]) -> bool:
    """Say whether a layer's output is attention [N, heads, T, T], which looks like a picture.

    Args:
        shape: of the output.
        tokens: how many tokens T the network's outputs [N, T, C] have.
    """
    return len(shape) == 4 and shape[2] == shape[3] and shape[3] in tokens


def token_grid(tokens: int) -> Grid | None:
    """Find the square of a transformer's tokens and how many come before it; None without one."""
    for prefix in range(MOST_PREFIXED + 1):
        side = isqrt(max(tokens - prefix, 0))
        if side > 1 and side * side == tokens - prefix:
            return Grid(side, side, 2, prefix)
    return None


def enlarged(maps: Tensor, images: Tensor, upsampling: str = "bilinear") -> Tensor:
    """Bring maps [N, 1, h, w] to the size of the images.

    Args:
        maps: one value a position.
        images: [N, C, H, W].
        upsampling: "bilinear", which invents a smooth course between positions, or "nearest".

    Raises:
        InvalidInputError: another upsampling.
    """
    if upsampling not in ("bilinear", "nearest"):
        raise InvalidInputError(f"upsampling must be bilinear or nearest, got {upsampling!r}")
    aligned = {"align_corners": False} if upsampling == "bilinear" else {}
    return functional.interpolate(maps, images.shape[2:], mode=upsampling, **aligned)
