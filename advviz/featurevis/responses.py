"""What every unit of a layer answers to some pictures, and where in them it answers most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from advviz.errors import InvalidInputError, UnknownNameError
from advviz.protocol import Answer, Call, Procedure, Progress, Query

PIXELS = 2**16
"""Of the pictures that one call runs: 16 of 64 pixels a side, and few enough for its time."""
PROBED = 8
"""Pictures from which the size of a crop is measured."""
SHARE = 0.9
"""Of what moves a position, the part that lies in the crop around it."""


@dataclass(frozen=True, slots=True, eq=False)
class Responses:
    """What every unit of a layer answers to every picture.

    Args:
        maxima: [N, C], the largest activation over all positions.
        means: [N, C], the mean over all positions.
        corners: int16 [N, C, 2], top and left of the crop around the strongest position.
        crop: pixels a side of a crop: the smallest square around a position that holds nine
            tenths of the squared gradient of what is found there; the whole picture for a
            layer without positions.
        field: pixels a side of all that a position can see: where that gradient is not 0.
    """

    maxima: Tensor
    means: Tensor
    corners: Tensor
    crop: int
    field: int


@dataclass(frozen=True, slots=True, eq=False)
class _Middle:
    """Half the squared length of all that a layer puts out at its middle position."""

    tap: str

    def values(self, activations: Tensor) -> Tensor:
        """Return it for each row [N]; activations are [N, C, H, W]."""
        height, width = activations.shape[2:]
        return activations[:, :, height // 2, width // 2].square().sum(1) / 2

    def margins(self, logits: Tensor) -> None:
        """Aim at no decision."""

    def select(self, _rows: Tensor) -> "_Middle":
        """Return itself: every row is asked the same."""
        return self


def responses(images: Tensor, layer: str) -> Procedure[Responses]:
    """Record what every unit of a layer answers to every picture.

    Args:
        images: [N, 3, S, S] in [0, 1], N >= 1.
        layer: name as in `module.named_modules()`; it puts out [N, C], tokens [N, T, C], or
            [N, C, H, W].

    Returns:
        Activations of the unmodified network, and the crops that explain them.

    Raises:
        UnknownNameError: the network has no such layer.
        InvalidInputError: it puts out something else.

    Reference: crops of the pictures that excite a unit most are those of Zeiler & Fergus, ECCV
    2014, arXiv:1311.2901; that the part of a receptive field that matters is smaller than the
    field was found by Luo et al., NeurIPS 2016, arXiv:1701.04128.
    """
    rows = max(1, PIXELS // images[0, 0].numel())
    seen = []
    for first in range(0, len(images), rows):
        progress = Progress("sample images", first, len(images), images[first])
        part = images[first : first + rows]
        seen.append((yield Call(_seen(layer, part), progress)))
    maxima, means, places = (torch.cat(parts) for parts in zip(*seen, strict=True))
    side = images.shape[-1]
    grid: tuple[int, int] | None = _grid(places)
    if grid is None:
        corners = torch.zeros(*maxima.shape, 2, dtype=torch.int16)
        return Responses(maxima, means, corners, side, side)
    crop, field = yield from _crop_and_field(images[:PROBED], layer, grid)
    centres = (places[..., :2].double() + 0.5) * side / places[..., 2:].double()
    return Responses(maxima, means, _corners(centres, crop, side).to(torch.int16), crop, field)


def _grid(places: Tensor) -> tuple[int, int] | None:
    """Return height and width of the layer's positions; None where it has none."""
    height, width = (int(number) for number in places[0, 0, 2:])
    return (height, width) if height > 0 else None


def _seen(layer: str, images: Tensor) -> Any:
    """Return what a call runs: largest and mean activation, and where the largest is.

    Its answers are on the CPU: [N, C], [N, C], and [N, C, 4] of row, column, height, width.
    """

    def observe(module: nn.Module) -> tuple[Tensor, Tensor, Tensor]:
        with torch.no_grad():
            found = _output(module, layer, images)
        flat = _by_position(found, layer)
        maxima, at = flat.max(2)
        height, width = found.shape[2:] if found.ndim == 4 else (0, 1)
        parts = (at // width, at % width, torch.full_like(at, height), torch.full_like(at, width))
        return maxima.cpu(), flat.mean(2).cpu(), torch.stack(parts, 2).cpu()

    return observe


def _output(module: nn.Module, layer: str, images: Tensor) -> Tensor:
    """Run a network and return what a layer puts out, before what follows changes it in place."""
    layers = dict(module.named_modules())
    if layer not in layers or not layer:
        raise UnknownNameError(f"the network has no layer called {layer!r}")
    found: list[Tensor] = []
    handle = layers[layer].register_forward_hook(lambda *told: found.append(told[2].clone()))
    try:
        with torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        ):
            module(images)
    finally:
        handle.remove()
    return found[-1]


def _by_position(found: Tensor, layer: str) -> Tensor:
    """Bring a layer's output into the form [N, C, positions]."""
    if found.ndim == 2:
        return found[:, :, None]
    if found.ndim == 3:
        return found.transpose(1, 2)
    if found.ndim == 4:
        return found.flatten(2)
    raise InvalidInputError(
        f"layer {layer!r} must give [N, C], [N, T, C] or [N, C, H, W], "
        f"got {found.ndim} dimensions; choose another layer"
    )


def _crop_and_field(images: Tensor, layer: str, grid: tuple[int, int]) -> Procedure[Any]:
    """Measure how far around a position what is found there depends on the pixels.

    Each picture counts alike, whatever the length of its gradient.
    """
    side = images.shape[-1]
    answer: Answer = yield Query(images, _Middle(layer), exact=True)
    squared = answer.gradients.double().square().sum(1).cpu()
    total = squared.sum((1, 2), keepdim=True)
    moved = (squared / total.clamp_min(torch.finfo(torch.float64).tiny)).mean(0)
    if not bool(moved.sum() > 0):
        return side, side
    height, width = grid
    centre = torch.tensor([(height // 2 + 0.5) * side / height, (width // 2 + 0.5) * side / width])
    crop = next(c for c in range(1, side + 1) if _within(moved, centre, c) >= SHARE or c == side)
    rows, columns = (moved.sum(axis) > 0 for axis in (1, 0))
    return crop, max(_extent(rows), _extent(columns))


def _within(moved: Tensor, centre: Tensor, side: int) -> float:
    """Return which share of a map lies in a square around a place."""
    top, left = (int(number) for number in _corners(centre, side, moved.shape[-1]))
    return float(moved[top : top + side, left : left + side].sum() / moved.sum())


def _extent(marked: Tensor) -> int:
    """Return the length from the first to the last mark."""
    places = marked.nonzero().flatten()
    return int(places[-1] - places[0]) + 1


def _corners(centres: Tensor, side: int, whole: int) -> Tensor:
    """Return top and left of squares around places, moved into the picture where they leave it."""
    return (centres - side / 2).round().clamp(0, whole - side).long()


def width_of(images: Tensor, layer: str) -> Procedure[int]:
    """Count the units of a layer.

    Args:
        images: [1, 3, S, S], of the size that the network receives.
        layer: as for `responses`.

    Raises:
        UnknownNameError: the network has no such layer.
        InvalidInputError: it has no units.
    """
    maxima, _, _ = yield Call(_seen(layer, images))
    return int(maxima.shape[1])


def class_weights(layer_width: int, classes: int) -> Procedure[Tensor | None]:
    """Read the weights [C, K] by which the last layer adds up C units to K logits.

    None where no linear layer joins as many units with as many classes.
    """

    def read(module: nn.Module) -> Tensor | None:
        heads: Sequence[nn.Linear] = [m for m in module.modules() if isinstance(m, nn.Linear)]
        for head in reversed(heads):
            if (head.in_features, head.out_features) == (layer_width, classes):
                return head.weight.detach().cpu().T.clone()
        return None

    weights: Tensor | None = yield Call(read)
    return weights
