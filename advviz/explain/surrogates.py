"""Random maps that look like a given one: the same values, nearly the same spectrum, no picture.

How alike two maps are says nothing until it is known how alike unrelated maps of their kind are:
smooth maps agree by chance far more often than white noise does.
"""

import torch
from torch import Tensor

from advviz.errors import InvalidInputError
from advviz.noise import Noise

PURPOSE = "surrogate map"


def surrogates(maps: Tensor, draws: int, *, noise: Noise) -> Tensor:
    """Draw random maps with the values of given ones and nearly their power spectrum.

    White noise takes over the amplitudes of the map's Fourier coefficients and keeps its own
    phases; its pixels, by rank, then take over the map's values. It is the first round of the
    iteration of Schreiber & Schmitz, which keeps the values exactly.

    Args:
        maps: [N, H, W].
        draws: random maps of each, >= 1.
        noise: one stream a map.

    Returns:
        [draws, N, H, W] in the precision of the maps.

    Raises:
        InvalidInputError: another shape, or draws < 1.

    Reference: Schreiber & Schmitz, Phys. Rev. Lett. 77, 635 (1996).
    """
    if maps.ndim != 3 or draws < 1:
        raise InvalidInputError(
            f"random maps are drawn of maps [N, H, W], at least one of each, got "
            f"{list(maps.shape)} and {draws}"
        )
    streams, size = noise.streams(maps[:, None]), maps.shape[1:]
    centred = maps - maps.mean((1, 2), keepdim=True)
    amplitudes = torch.fft.rfft2(centred).abs()
    values = maps.flatten(1).sort(1).values
    drawn = []
    for draw in range(draws):
        spectrum = torch.fft.rfft2(streams.normal(PURPOSE, draw)[:, 0])
        shaped = torch.fft.irfft2(torch.polar(amplitudes, spectrum.angle()), s=size)
        places = shaped.flatten(1).argsort(1)
        drawn.append(torch.empty_like(values).scatter_(1, places, values).view_as(maps))
    return torch.stack(drawn)
