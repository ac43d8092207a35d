"""Baselines: pictures that stand for the absence of everything that a map could point at.

No picture is that of nothing: a black one is full of darkness. So there are several, and a map
that changes with the baseline tells of the baseline.
"""

import torch
from torch import Tensor

from advviz.errors import InvalidInputError
from advviz.explain.parameters import BASELINES
from advviz.noise import Noise

BLUR = 0.1
"""Standard deviation of the blur, as a share of the picture's side."""


def baseline(name: str, images: Tensor, *, noise: Noise) -> Tensor:
    """Make the baseline of each image.

    Args:
        name: "black", "white", "blurred" (a Gaussian, a tenth of the side wide), "mean" (each
            channel's mean over the image) or "noise" (uniform, each number for itself).
        images: [N, C, H, W] in [0, 1].
        noise: one stream an image; drawn from by "noise" alone.

    Returns:
        [N, C, H, W] in [0, 1]; row i depends on image i alone.

    Raises:
        InvalidInputError: no such baseline.
    """
    if name == "black":
        return torch.zeros_like(images)
    if name == "white":
        return torch.ones_like(images)
    if name == "blurred":
        return blurred(images)
    if name == "mean":
        return images.mean((2, 3), keepdim=True).expand_as(images)
    if name == "noise":
        # The normal distribution function of a normal number is uniform.
        uniform: Tensor = torch.special.ndtr(noise.streams(images).normal("baseline"))
        return uniform
    raise InvalidInputError(f"baseline must be one of {', '.join(BASELINES)}, got {name!r}")


def blurred(images: Tensor) -> Tensor:
    """Blur images [N, C, H, W] by a Gaussian that is cut off, and made whole, at the border."""
    rows, columns = (_blur(side, images) for side in images.shape[2:])
    return rows @ images @ columns.T


def _blur(side: int, like: Tensor) -> Tensor:
    """Return the blur along one axis as a matrix [side, side] whose rows add up to 1."""
    places = torch.arange(side, dtype=like.dtype, device=like.device)
    distances = (places[:, None] - places) / (BLUR * side)
    return torch.softmax(-(distances**2) / 2, dim=1)
