"""The frozen first layer: the principal directions of image patches, the rare ones amplified.

Neighbouring pixels are nearly equal, so almost all that a plain first layer receives, and
soon learns from, is brightness and colour. Amplifying the other directions (Bell & Sejnowski
1997, doi:10.1016/S0042-6989(97)00121-1) lets a network learn from fine detail as easily. A
standard network then does, which is what makes it accurate and brittle; one that is trained
against an attacker has to do without it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from advviz.training.batches import ImageSet

SAMPLED = 2000  # images
FLOOR = 1e-3  # of the largest variance: rarer directions are amplified no further


def whiten(
    layer: nn.Conv2d, data: ImageSet, mean: Sequence[float], std: Sequence[float], exponent: float
) -> None:
    """Set a network's first layer to `patch_filters`, and freeze it."""
    kernel = layer.kernel_size[0]
    filters = patch_filters(data, mean, std, kernel=kernel, exponent=exponent)
    layer.weight.requires_grad_(False).copy_(filters)


def patch_filters(
    data: ImageSet,
    mean: Sequence[float],
    std: Sequence[float],
    *,
    kernel: int,
    exponent: float,
) -> Tensor:
    """Return the filters [3 k², 3, k, k] of a first layer, float32.

    Filter i is the i-th principal direction of the normalized patches, of length
    (v_i / v_0 + floor) ** (-exponent / 2), where v are the variances. All are scaled together
    so that the outputs have unit variance on average.

    Args:
        data: training images.
        mean: of the normalization, per channel.
        std: likewise.
        kernel: k, height and width of a patch in pixels.
        exponent: 0 keeps the patches' spectrum, 1 makes it flat down to the floor.
    """
    rows = torch.randperm(len(data.pixels), generator=torch.Generator().manual_seed(0))
    pixels = data.pixels[rows[:SAMPLED]].double() / 255
    pixels = (pixels - _per_channel(mean)) / _per_channel(std)
    patches = torch.nn.functional.unfold(pixels, kernel, stride=kernel)
    variances, directions = torch.linalg.eigh(patches.transpose(1, 2).flatten(0, 1).T.cov())
    variances, directions = variances.flip(0).clamp(min=0), directions.flip(1)
    lengths = (variances / variances[0] + FLOOR) ** (-exponent / 2)
    lengths = lengths / (variances * lengths**2).mean().sqrt()
    filters: Tensor = (directions * lengths).T.reshape(-1, 3, kernel, kernel)
    return filters.float()


def _per_channel(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).reshape(3, 1, 1)
