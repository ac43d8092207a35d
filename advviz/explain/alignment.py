"""Alignment: does a gradient look like a picture, and does it point towards other pictures?"""

import torch
from torch import Tensor

from advviz.errors import InvalidInputError

LEAST_SIDE = 8
"""Pixels a side below which a spectrum has too few rings for a slope."""


def spectrum_slope(maps: Tensor) -> Tensor:
    """Fit the slope of the radial power spectrum, of log power over log frequency.

    White noise has slope 0, photographs about −2: their power falls with the square of the
    frequency. The power of all channels is added, averaged over rings one cycle wide from 1 to
    half the side, and fitted by least squares, every ring alike.

    Args:
        maps: [N, C, H, W], such as gradients.

    Returns:
        [N] in float64; nan for a map that is constant, or has no power in some ring.

    Raises:
        InvalidInputError: fewer than 8 pixels a side.

    Reference: van der Schaaf & van Hateren, Vision Research 1996, on photographs.
    """
    height, width = maps.shape[2:]
    if min(height, width) < LEAST_SIDE:
        raise InvalidInputError(
            f"a spectrum needs at least {LEAST_SIDE} pixels a side, got {height} x {width}"
        )
    centred = maps.double() - maps.double().mean((2, 3), keepdim=True)
    power = torch.fft.fft2(centred).abs().square().sum(1).flatten(1)
    down = torch.fft.fftfreq(height, 1 / height, dtype=torch.float64, device=maps.device)
    across = torch.fft.fftfreq(width, 1 / width, dtype=torch.float64, device=maps.device)
    rings = torch.hypot(down[:, None], across[None]).round().long().flatten()
    last = min(height, width) // 2
    total = power.new_zeros(len(maps), int(rings.max()) + 1).index_add_(1, rings, power)
    mean = total / torch.bincount(rings).to(total)
    x = torch.arange(1, last + 1, dtype=torch.float64, device=maps.device).log()
    y = mean[:, 1 : last + 1].log()
    x = x - x.mean()
    slope = (y * x).sum(1) / x.square().sum()
    return torch.where(y.isfinite().all(1), slope, torch.full_like(slope, torch.nan))


def cosine(first: Tensor, second: Tensor) -> Tensor:
    """Return the cosine of the angle between two pictures' changes, row by row.

    Args:
        first: [N, C, H, W].
        second: the same shape.

    Returns:
        [N] in float64, in [−1, 1]; nan where either is zero. Unrelated directions have a cosine
        near 0, with a spread of 1 / √(C · H · W) for noise.
    """
    a, b = first.double().flatten(1), second.double().flatten(1)
    lengths = a.norm(dim=1) * b.norm(dim=1)
    return torch.where(lengths > 0, (a * b).sum(1) / lengths, torch.full_like(lengths, torch.nan))
