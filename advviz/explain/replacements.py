"""Replacements: pictures that take the place of the pixels that a test takes away."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional

from advviz.errors import UnknownNameError
from advviz.noise import Noise

BLUR = 0.1
"""Standard deviation of the blur, as a share of the picture's longer side: at 64 px no eye or
beak is left, but the colours of the scene are."""
REACH = 3.0
"""Standard deviations at which the blur's kernel ends."""


def black(images: Tensor, noise: Noise) -> Tensor:
    """Return black pictures. Beside a dark object they take away little."""
    del noise
    return torch.zeros_like(images)


def mean(images: Tensor, noise: Noise) -> Tensor:
    """Return plain pictures of each image's own mean colour."""
    del noise
    return images.mean((2, 3), keepdim=True).expand_as(images).clone()


def blurred(images: Tensor, noise: Noise) -> Tensor:
    """Return each image through a wide Gaussian blur, its border repeated outwards.

    The blur is a fixed share of the picture's side, `BLUR`, so that it means the same at every
    size.
    """
    del noise
    height, width = images.shape[2:]
    deviation = BLUR * max(height, width)
    reach = max(1, round(REACH * deviation))
    offsets = torch.arange(-reach, reach + 1, dtype=images.dtype, device=images.device)
    kernel = torch.exp(-0.5 * (offsets / deviation) ** 2)
    kernel = kernel / kernel.sum()
    flat = images.reshape(-1, 1, height, width)
    flat = functional.pad(flat, (reach, reach, reach, reach), mode="replicate")
    flat = functional.conv2d(flat, kernel.view(1, 1, -1, 1))
    return functional.conv2d(flat, kernel.view(1, 1, 1, -1)).view_as(images)


def random(images: Tensor, noise: Noise) -> Tensor:
    """Return pictures of random pixels, each value uniform in [0, 1]; one stream an image."""
    return torch.special.ndtr(noise.streams(images).normal("replacement"))


REPLACEMENTS: Mapping[str, Callable[[Tensor, Noise], Tensor]] = MappingProxyType(
    {"black": black, "blurred": blurred, "mean": mean, "noise": random}
)
"""By the name that a user gives."""


def replacement(name: str, images: Tensor, noise: Noise) -> Tensor:
    """Make the pictures that stand for "nothing is there".

    Args:
        name: one of `REPLACEMENTS`.
        images: [N, C, H, W] in [0, 1].
        noise: for the random one.

    Returns:
        Pictures of the same shape in [0, 1].

    Raises:
        UnknownNameError: another name.

    Reference: Sturmfels, Lundberg & Lee, Distill 2020, doi:10.23915/distill.00022: what is
    called absent decides what is found important; so measure with several.
    """
    if name not in REPLACEMENTS:
        raise UnknownNameError(
            f"replacement must be one of {', '.join(REPLACEMENTS)}, got {name!r}"
        )
    return REPLACEMENTS[name](images, noise)
