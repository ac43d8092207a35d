"""What an explanation is asked before it is believed: other inputs, classes, seeds, noise.

These are the parts of the trust panel that call the method again. An *explanation method* here is
a function of images [N, C, H, W], classes [N] and a seed whose procedure returns maps
[N, C or 1, H, W]; so anything can be judged, also a method that looks at no network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.noise import Noise
from advviz.protocol import Procedure

Explain = Callable[[Tensor, Tensor, int], Procedure[Tensor]]
"""images [N, C, H, W], classes int64 [N] and a seed, to maps [N, C or 1, H, W]."""

TOGETHER = 4
"""Noisy copies that are explained at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Averaged:
    """A map averaged over noisy copies of the image, and each half of the copies.

    Args:
        whole: [1, C, H, W], of all copies.
        first: of every second copy.
        second: of the others; how alike the halves are is how well the average repeats itself.
    """

    whole: Tensor
    first: Tensor
    second: Tensor


def averaged(
    image: Tensor, classes: Tensor, explain: Explain, copies: int, sigma: float, *, noise: Noise
) -> Procedure[Averaged]:
    """Average maps over noisy copies of an image, so that the noise of gradients is gone.

    Noise in a map makes any two maps less alike. So two networks are compared by averages, or
    the test passes what is merely noisy. Each map is first divided by the root of its mean
    square, so that none outweighs the others.

    Args:
        image: [1, C, H, W] in [0, 1]; noisy copies may leave the range.
        classes: explained, int64 [1].
        explain: the method.
        copies: even, >= 2.
        sigma: of the noise, as a share of the image's max − min.
        noise: of the copies; the same for every network.

    Reference: Hedström et al., 2024, section 4 (sMPRT), arXiv:2405.02383.
    """
    deviation = sigma * (image.amax() - image.amin())
    streams = noise.streams(image)
    found = []
    for begin in range(0, copies, TOGETHER):
        draws = range(begin, min(begin + TOGETHER, copies))
        noisy = torch.cat([image + deviation * streams.normal("trust", draw) for draw in draws])
        maps = yield from explain(noisy, classes.repeat(len(draws)), noise.seed)
        found.append(of_unit_size(maps))
    maps = torch.cat(found)
    halves = [maps[part::2].mean(0, keepdim=True) for part in (0, 1)]
    return Averaged(maps.mean(0, keepdim=True), *halves)


def of_unit_size(maps: Tensor) -> Tensor:
    """Divide each map [N, C, H, W] by the root of its mean square; a map of zeros stays."""
    size = maps.square().mean((1, 2, 3), keepdim=True).sqrt()
    return maps / torch.where(size > 0, size, torch.ones_like(size))


def for_classes(
    image: Tensor, classes: Sequence[int], explain: Explain, seed: int
) -> Procedure[Tensor]:
    """Explain an image [1, C, H, W] for several classes, one by one: maps [K, C or 1, H, W]."""
    found = []
    for each in classes:
        maps = yield from explain(image, torch.tensor([each], device=image.device), seed)
        found.append(maps)
    return torch.cat(found)


def for_seeds(
    image: Tensor, classes: Tensor, explain: Explain, seeds: Sequence[int]
) -> Procedure[Tensor]:
    """Explain an image [1, C, H, W] with several seeds: maps [S, C or 1, H, W]."""
    found = []
    for seed in seeds:
        maps = yield from explain(image, classes, seed)
        found.append(maps)
    return torch.cat(found)
