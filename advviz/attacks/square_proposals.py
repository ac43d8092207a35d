"""Which change the square attack tries next, in L-inf and in L2.

Reference: Andriushchenko et al., ECCV 2020, algorithms 2 and 3, arXiv:1912.00049.
"""

from math import sqrt
from types import MappingProxyType

import torch
from torch import Tensor

from advviz.noise import ImageStreams
from advviz.threat_models import ThreatModel, row_norms

TINY = 1e-12
LEAST_L2_SIDE = 3
TILES = 5
"""Tiles along each side of the picture with which an L2 search begins."""


def stripes(images: Tensor, threat: ThreatModel, stream: ImageStreams) -> Tensor:
    """Begin in L-inf: every column of every channel moves by ±eps."""
    signs = stream.normal("square stripes")[:, :, :1].sign()
    return threat.project(images, images + threat.eps * signs)


def squares(
    images: Tensor,
    points: Tensor,
    threat: ThreatModel,
    share: float,
    stream: ImageStreams,
    number: int,
) -> Tensor:
    """Propose in L-inf: within one square, every channel is at x + eps or at x − eps."""
    count, channels, height, width = images.shape
    side = min(max(1, round(sqrt(share * height * width))), height, width)
    window = _window(images, side, stream, "square", number)
    colours = _signs(count, channels, stream, "square colours", number)
    change = torch.zeros_like(images)
    change[window] = (2 * threat.eps * colours).to(images).expand(-1, -1, side, side)
    return threat.project(images, points + change)


def tiles(images: Tensor, threat: ThreatModel, stream: ImageStreams) -> Tensor:
    """Begin in L2: five times five tiles with a hill and a valley each."""
    count, channels, height, width = images.shape
    side, change = max(1, min(height, width) // TILES), torch.zeros_like(images)
    corners = [(top, left) for top in range(0, height, side) for left in range(0, width, side)]
    for draw, (top, left) in enumerate(corners):
        if top + side <= height and left + side <= width:
            patch = _patches(side, stream, draw) * _signs(count, channels, stream, "tile", draw)
            change[:, :, top : top + side, left : left + side] = patch
    return _on_the_sphere(images, change, threat)


def hills(
    images: Tensor,
    points: Tensor,
    threat: ThreatModel,
    share: float,
    stream: ImageStreams,
    number: int,
) -> Tensor:
    """Propose in L2: one square gets a hill and a valley more, with what another one gives up.

    The length that both had, and what is left of eps, goes into the first one, channel by
    channel.
    """
    count, channels, height, width = images.shape
    side = max(round(sqrt(share * height * width)), LEAST_L2_SIDE)
    side = min(side + 1 - side % 2, height, width)
    first = _window(images, side, stream, "square", number)
    second = _window(images, side, stream, "second square", number)
    change = points - images
    before, kept = change[first], change.clone()
    kept[first], kept[second] = 0, 0
    total, rest = _squared(change), _squared(kept)
    unused = (threat.eps**2 - total.sum(1, keepdim=True)).clamp_min(0) / channels
    lengths = (unused + total - rest).clamp_min(0).sqrt()  # [N, C, 1, 1]
    colours = _signs(count, channels, stream, "square colours", number)
    new = _patches(side, stream, number) * colours + before / (_squared(before).sqrt() + TINY)
    kept[first] = new / (_squared(new).sqrt() + TINY) * lengths
    return _on_the_sphere(images, kept, threat)


PROPOSALS = MappingProxyType({"linf": (stripes, squares), "l2": (tiles, hills)})
"""For each norm, how a search begins and what it tries next."""


def _on_the_sphere(images: Tensor, change: Tensor, threat: ThreatModel) -> Tensor:
    lengths = row_norms(change).clamp_min(TINY)
    return threat.project(images, images + (change * (threat.eps / lengths)).to(images))


def _squared(change: Tensor) -> Tensor:
    """Return the squared length of every channel, [N, C, 1, 1]."""
    return change.square().sum((2, 3), keepdim=True)


def _window(
    images: Tensor, side: int, stream: ImageStreams, purpose: str, draw: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Choose a square in each row; return indices that select it, [N, C, side, side]."""
    count, channels, height, width = images.shape
    along = torch.arange(side, device=images.device)
    top = _below(height - side + 1, stream, f"{purpose}, top", draw)
    left = _below(width - side + 1, stream, f"{purpose}, left", draw)
    return (
        torch.arange(count, device=images.device).view(-1, 1, 1, 1),
        torch.arange(channels, device=images.device).view(1, -1, 1, 1),
        (top.view(-1, 1) + along).view(-1, 1, side, 1),
        (left.view(-1, 1) + along).view(-1, 1, 1, side),
    )


def _below(count: int, stream: ImageStreams, purpose: str, draw: int) -> Tensor:
    """Draw a whole number in [0, count) for each row, [N]."""
    uniform = stream.uniform(purpose, draw).flatten()
    return (uniform * count).long().clamp_max(count - 1)


def _signs(count: int, channels: int, stream: ImageStreams, purpose: str, draw: int) -> Tensor:
    """Draw a sign for each row and channel, [N, C, 1, 1]: the digits of one binary number."""
    number = _below(2**channels, stream, purpose, draw).view(count, 1, 1, 1)
    digits = torch.arange(channels, device=number.device).view(1, -1, 1, 1)
    return 2 * ((number >> digits) & 1) - 1


def _patches(side: int, stream: ImageStreams, draw: int) -> Tensor:
    """Draw a hill beside a valley for each row, [N, 1, side, side], of length 1, turned or not."""
    half = side // 2
    patch = torch.cat([_pyramid(half, side), -_pyramid(side - half, side)])
    patch = (patch / torch.linalg.vector_norm(patch)).to(stream.like)
    turned = (stream.uniform("square turned", draw) < 0.5).view(-1, 1, 1, 1)
    return torch.where(turned, patch.T[None, None], patch[None, None])


def _pyramid(height: int, width: int) -> Tensor:
    """Stack centred rectangles of falling weights to a hill of length 1, [height, width]."""
    hill = torch.zeros(height, width, dtype=torch.float64)
    top, left = height // 2, width // 2
    for number in range(max(height, width) // 2 + 1):
        rows = slice(max(top - number, 0), top + number + 1)
        columns = slice(max(left - number, 0), left + number + 1)
        hill[rows, columns] += 1 / (number + 1) ** 2
    length: Tensor = torch.linalg.vector_norm(hill)
    return hill / length.clamp_min(TINY)
