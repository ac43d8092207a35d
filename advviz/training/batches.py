"""Training images: read once, drawn by class weight, flipped and shifted on the fly."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from advviz.data.folders import LabelledFiles, read_pixels
from advviz.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Pixels uint8 [N, 3, S, S] and labels int64 [N], on the CPU."""

    pixels: Tensor
    labels: Tensor

    @classmethod
    def read(cls, files: LabelledFiles, rows: Sequence[int], size: int) -> "ImageSet":
        """Read and decode the listed rows of the files."""
        pixels = torch.stack(
            [torch.from_numpy(read_pixels(files.paths[row], size)) for row in rows]
        )
        return cls(pixels, torch.tensor([files.labels[row] for row in rows]))

    @classmethod
    def joined(cls, sets: Sequence["ImageSet"]) -> "ImageSet":
        """Put sets one after the other."""
        return cls(torch.cat([s.pixels for s in sets]), torch.cat([s.labels for s in sets]))

    def mean_and_std(self) -> tuple[list[float], list[float]]:
        """Measure the pixel mean and standard deviation per channel, in [0, 1]."""
        std, mean = torch.std_mean(self.pixels[::10].float() / 255, dim=(0, 2, 3))
        return [round(m, 4) for m in mean.tolist()], [round(s, 4) for s in std.tolist()]


def split(files: LabelledFiles, recipe: Recipe) -> tuple[list[int], list[int]]:
    """Split the rows: the last `held_out` of every folder are for validation.

    Returns:
        Rows to train on, and the first `validated` held-out rows of every folder.
    """
    of_folder: dict[str, list[int]] = {}
    for row, group in enumerate(files.groups):
        of_folder.setdefault(group, []).append(row)
    train: list[int] = []
    validate: list[int] = []
    for rows in of_folder.values():
        border = max(0, len(rows) - recipe.held_out)
        train += rows[:border]
        validate += rows[border : border + recipe.validated]
    return train, validate


def draw_epoch(labels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Draw the rows of an epoch; a class of n images has weight sqrt(n)."""
    sizes = torch.bincount(labels).float()
    weights = sizes[labels].rsqrt()
    return torch.multinomial(weights, count, replacement=False, generator=generator)


def augmented(pixels: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    """Flip half of the images and shift each by up to `padding` pixels.

    Args:
        pixels: uint8 [N, 3, S, S].
        padding: of reflected border on each side before the crop back to S.
        generator: on the CPU.

    Returns:
        float32 [N, 3, S, S] in [0, 1].
    """
    count, _, size, _ = pixels.shape
    padded = functional.pad(pixels.float() / 255, (padding,) * 4, mode="reflect")
    offsets = torch.randint(2 * padding + 1, (count, 2), generator=generator).tolist()
    images = torch.stack(
        [
            image[:, top : top + size, left : left + size]
            for image, (top, left) in zip(padded, offsets, strict=True)
        ]
    )
    flip = torch.rand(count, generator=generator) < 0.5
    images[flip] = images[flip].flip(-1)
    return images
