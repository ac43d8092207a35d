"""Maps that know nothing of a network: what any figure of a map is to be compared with."""

import torch
from torch import Tensor
from torch.nn import functional

from advviz.noise import ImageStreams

LUMA = (0.299, 0.587, 0.114)
LEAST_SHIFT = 0.25
"""Of the picture's side: how far a shifted map is moved at least, one way round or the other."""


def edges(images: Tensor) -> Tensor:
    """Measure how steep the brightness of images [N, 3, H, W] is, by Sobel's filter.

    It is `advviz.pictures.sobel` for tensors.

    Returns:
        [N, 1, H, W], >= 0.
    """
    brightness = torch.einsum("nchw,c->nhw", images, images.new_tensor(LUMA))[:, None]
    framed = functional.pad(brightness, (1, 1, 1, 1), mode="replicate")
    across = (framed[..., 2:] - framed[..., :-2]) / 2
    down = (framed[..., 2:, :] - framed[..., :-2, :]) / 2
    smooth_across = (across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]) / 4
    smooth_down = (down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]) / 4
    return torch.hypot(smooth_across, smooth_down)


def shifted(maps: Tensor, count: int, streams: ImageStreams) -> Tensor:
    """Move a map to random places, wrapped around at the border: the same values and grain.

    A shifted map is as smooth and as sparse as the map itself, and right only by chance: so what
    it scores, the map scores for its looks, and not for where it points. Noise without grain
    would be no match for a map of large areas.

    Args:
        maps: [1, C, H, W].
        count: how many, >= 1.
        streams: of the image; the first n places are the same whatever the count.

    Returns:
        [count, C, H, W].
    """
    height, width = maps.shape[2:]
    moved = []
    for draw in range(count):
        down, across = (
            int(streams.uniform(f"shift {way}", draw).flatten()[0] * side)
            for way, side in (("down", height), ("across", width))
        )
        if _near(down, height) and _near(across, width):
            across = (across + width // 2) % width
        moved.append(maps.roll((down, across), (2, 3)))
    return torch.cat(moved)


def _near(shift: int, side: int) -> bool:
    """Say whether a shift leaves a map about where it was."""
    return min(shift, side - shift) < LEAST_SHIFT * side
