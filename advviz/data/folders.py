"""Labelled images from folders: one folder a class, named by class name or WordNet id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from advviz.data.decoding import decode
from advviz.errors import InvalidInputError

SUFFIXES = frozenset({".jpeg", ".jpg", ".png", ".webp"})


@dataclass(frozen=True, slots=True)
class LabelledFiles:
    """Image files with their class indices, and the folders that belong to no class."""

    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    groups: tuple[str, ...]  # the folder each file came from
    skipped: tuple[str, ...]

    def __len__(self) -> int:
        """Count the files."""
        return len(self.paths)


def labelled_files(
    folder: Path, classes: Sequence[str], wordnet_ids: Mapping[str, Sequence[str]]
) -> LabelledFiles:
    """List the images of an ImageFolder whose folders are class names or WordNet ids.

    Args:
        folder: the directory that holds one directory a class.
        classes: class names; a file's label is an index into them.
        wordnet_ids: class name to WordNet ids.

    Raises:
        InvalidInputError: no such directory, or no folder of a known class with an image.
    """
    if not folder.is_dir():
        raise InvalidInputError(f"images must be a folder with one folder a class, got {folder}")
    index = {name: i for i, name in enumerate(classes)}
    index |= {wnid: index[c] for c, wnids in wordnet_ids.items() if c in index for wnid in wnids}
    paths: list[Path] = []
    labels: list[int] = []
    groups: list[str] = []
    skipped: list[str] = []
    for child in sorted(p for p in folder.iterdir() if p.is_dir()):
        if child.name not in index:
            skipped.append(child.name)
            continue
        # Tiny ImageNet, as distributed, keeps a class's pictures in a folder "images".
        for path in sorted(p for p in child.rglob("*") if _is_picture(p)):
            paths.append(path)
            labels.append(index[child.name])
            groups.append(child.name)
    if not paths:
        raise InvalidInputError(
            f"no folder in {folder} is named after a class of this model with images in it; "
            f"expected names such as {', '.join(classes[:3])}, or WordNet ids"
        )
    return LabelledFiles(tuple(paths), tuple(labels), tuple(groups), tuple(skipped))


def _is_picture(path: Path) -> bool:
    """Say whether a path is a picture by its name; what macOS hides beside each is none."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def read_pixels(path: Path, size: int) -> np.ndarray:
    """Read an image as uint8 [3, size, size]; centre crop and resize where it has another size.

    The file is decoded as an upload is: upright, with transparency on white.

    Raises:
        InvalidInputError: the file is no image that can be decoded.
    """
    try:
        image = decode(path.read_bytes())
    except (OSError, InvalidInputError) as error:
        raise InvalidInputError(f"{path} cannot be read as an image: {error}") from error
    if image.size != (size, size):
        image = centre_square(image).resize((size, size), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))


def centre_square(image: Image.Image) -> Image.Image:
    """Cut the largest centred square out of an image."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return image.crop((left, top, left + side, top + side))
