"""Sets of pictures that a network is shown to see what its units answer to; no labels needed.

A set is the bundled gallery, the folder that the owner of the app offers, or a folder that
somebody names on the command line.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from advviz.data import gallery, images, picture_folder
from advviz.data.folders import read_pixels
from advviz.data.picture_folder import PictureFolder
from advviz.errors import InvalidInputError

GALLERY, OWNERS = "gallery", "folder"

Array = np.ndarray[Any, np.dtype[np.uint8]]


def is_folder(source: str) -> bool:
    """Say whether a set is somebody's own pictures."""
    return source != GALLERY


def identity(source: str, size: int) -> Any:
    """Return what identifies the pictures of a set: their digests, or their files and stamps.

    Args:
        source: "gallery", "folder", or the path of a folder.
        size: pixels a side that the network receives.

    Raises:
        InvalidInputError: no such set.
    """
    if not is_folder(source):
        return [[name, images.load(name, size).digest] for name in _of_gallery(size)]
    folder = _folder(source)
    return [[str(folder.root / entry.name), *entry.stamp] for entry in folder.entries()]


def reading(source: str, size: int) -> Iterator[tuple[str, Array | None, int]]:
    """Read the pictures of a set, one a step.

    Args:
        source: as for `identity`; of a large folder 256 pictures, some of each sub-folder.
        size: pixels a side that they are cut and reduced to.

    Yields:
        A picture's name, its pixels uint8 [3, size, size], and how many pictures there are;
        without pixels where the file is no picture that can be read.

    Raises:
        InvalidInputError: no such set, or a folder without pictures.
    """
    if not is_folder(source):
        names = _of_gallery(size)
        for name in names:
            # A gallery's pixels are whole 255ths: rounding only undoes the division.
            levels = np.rint(images.load(name, size).pixels * 255).astype(np.uint8)
            yield name.removeprefix(images.SAMPLE_PREFIX), levels, len(names)
        return
    folder = _folder(source)
    entries = folder.entries()
    if not entries:
        raise InvalidInputError(
            "the folder of pictures has no PNG, JPEG or WebP file; give another one, or gallery"
        )
    for entry in entries:
        try:
            pixels = read_pixels(folder.root / entry.name, size)
        except InvalidInputError:
            yield entry.name, None, len(entries)
        else:
            yield entry.name, pixels, len(entries)


def _of_gallery(size: int) -> tuple[str, ...]:
    return tuple(f"{images.SAMPLE_PREFIX}{sample.id}" for sample in gallery.samples(size))


def _folder(source: str) -> PictureFolder:
    if source == OWNERS:
        offered = picture_folder.offered()
        if offered is None:
            raise InvalidInputError(
                "this app was given no folder of pictures; choose the gallery, or start it with "
                "--images DIR"
            )
        return offered
    if not Path(source).is_dir():
        raise InvalidInputError(
            f"images must be gallery, folder or the path of a folder, got {source[:80]!r}"
        )
    return _opened(str(Path(source).resolve()))


@lru_cache(4)
def _opened(path: str) -> PictureFolder:
    return PictureFolder(Path(path))
