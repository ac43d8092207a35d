"""Two classes of a data set, for labs that tell one from the other.

A data set is the bundled digits, CIFAR-10 where it is on this machine, the folder that the owner
of the app offers, or a folder that somebody names on the command line. A folder holds one folder
a class, or `train` and `test`, each with one folder a class.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from advviz.data import cifar10, digits, picture_folder
from advviz.data.folders import SUFFIXES, read_pixels
from advviz.errors import InvalidInputError

DIGITS, CIFAR10, OWNERS = SOURCES = ("digits", "cifar10", "folder")
PARTS = ("train", "test")
KEPT = 16384  # images of folders that stay decoded: CIFAR-10 of two classes takes 37 MB

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class TwoClasses:
    """Labelled images of two classes.

    Args:
        images: float32 [N, C, S, S] in [0, 1].
        labels: int64 [N], 0 for the first class and 1 for the second.
        judged: bool [N], the images that the data set itself sets apart to judge on; all False
            where it sets none apart.
    """

    images: Array
    labels: Array
    judged: Array


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    stamp: tuple[int, int]  # time of the last change in ns, bytes
    label: int
    judged: bool


def is_folder(source: str) -> bool:
    """Say whether a data set is somebody's own pictures."""
    return source not in (DIGITS, CIFAR10)


def class_names(source: str) -> tuple[str, ...]:
    """List the classes of a data set.

    Raises:
        InvalidInputError: no such data set, or a folder without classes.
    """
    if source == DIGITS:
        return digits.CLASSES
    if source == CIFAR10:
        return cifar10.CLASSES
    return tuple(sorted(_class_folders(_root(source))))


def check_classes(source: str, names: tuple[str, str]) -> None:
    """Raise InvalidInputError unless a data set has both classes, and they are two."""
    known = class_names(source)
    missing = [name for name in names if name not in known]
    if missing or names[0] == names[1]:
        said = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
        raise InvalidInputError(
            f"classes must be two different ones of {said}, got {','.join(names)[:60]!r}"
        )


def identity(source: str, names: tuple[str, str], *, limit: int) -> Any:
    """Return what identifies the images: a name, or the files of a folder with their stamps.

    Raises:
        InvalidInputError: as for `reading`.
    """
    check_classes(source, names)
    if source == CIFAR10 and not cifar10.is_here():
        raise InvalidInputError(
            "CIFAR-10 is not on this machine; download it, or give a folder with one folder a class"
        )
    if not is_folder(source):
        return source
    return [[str(f.path), *f.stamp, f.label, f.judged] for f in _files(source, names, limit)]


def reading(
    source: str, names: tuple[str, str], *, size: int, limit: int
) -> Generator[tuple[int, int], None, TwoClasses]:
    """Read the images of two classes, one a step.

    Args:
        source: "digits", "cifar10", "folder" for the one that the owner of the app offers, or
            the path of a folder.
        names: of the two classes.
        size: pixels a side of a folder's pictures, cut to their centre; the others have a size.
        limit: images of a class at most, of each part; drawn at random, the same each time.

    Yields:
        How many are read, and how many there are.

    Raises:
        InvalidInputError: no such data set or class, or a file that is no picture.
    """
    check_classes(source, names)
    if source == DIGITS:
        return _of_digits(names, limit)
    if source == CIFAR10:
        yield 0, 2
        return _of_cifar10(names, limit)
    files = _files(source, names, limit)
    images = np.empty((len(files), 3, size, size), np.float32)
    for row, file in enumerate(files):
        images[row] = _decoded(file.path, file.stamp, size)
        yield row + 1, len(files)
    images /= np.float32(255)
    labels = np.array([file.label for file in files], np.int64)
    return TwoClasses(images, labels, np.array([file.judged for file in files], bool))


def _of_digits(names: tuple[str, str], limit: int) -> TwoClasses:
    known = digits.digits()
    rows = [
        _some(np.flatnonzero(known.labels == digits.CLASSES.index(name)), limit) for name in names
    ]
    labels = np.repeat(np.arange(2, dtype=np.int64), [len(r) for r in rows])
    return TwoClasses(known.images[np.concatenate(rows)], labels, np.zeros(len(labels), bool))


def _of_cifar10(names: tuple[str, str], limit: int) -> TwoClasses:
    images, labels, judged = [], [], []
    for label, name in enumerate(names):
        for part, pixels in enumerate(cifar10.pictures(name)):
            rows = _some(np.arange(len(pixels)), limit)
            images.append(pixels[rows].astype(np.float32) / np.float32(255))
            labels.append(np.full(len(rows), label, np.int64))
            judged.append(np.full(len(rows), part == 1))
    return TwoClasses(np.concatenate(images), np.concatenate(labels), np.concatenate(judged))


def _some(rows: Array, limit: int) -> Array:
    """Draw at most `limit` rows, the same each time, in their order."""
    if len(rows) <= limit:
        return rows
    drawn: Array = np.sort(np.random.default_rng(0).permutation(rows)[:limit])
    return drawn


def _root(source: str) -> Path:
    if source == OWNERS:
        offered = picture_folder.offered()
        if offered is None:
            raise InvalidInputError(
                "this app was given no folder of pictures; choose the digits, or start it with "
                "--images DIR"
            )
        return offered.root
    if not Path(source).is_dir():
        raise InvalidInputError(
            f"data must be digits, cifar10 or a folder with one folder a class, got {source[:80]!r}"
        )
    return Path(source)


def _class_folders(root: Path) -> dict[str, list[tuple[Path, bool]]]:
    """Find the folders of each class, and whether what they hold is set apart to judge on."""
    parts = [root / part for part in PARTS]
    split = all(part.is_dir() for part in parts)
    found: dict[str, list[tuple[Path, bool]]] = {}
    for place, part in enumerate(parts if split else [root]):
        for child in _listed(part):
            if child.is_dir() and not child.is_symlink():
                found.setdefault(child.name, []).append((child, place == 1))
    return {name: folders for name, folders in found.items() if not split or len(folders) == 2}


def _files(source: str, names: tuple[str, str], limit: int) -> list[_File]:
    """List the pictures of two classes; a class without any is refused."""
    folders, found = _class_folders(_root(source)), []
    for label, name in enumerate(names):
        for folder, judged in folders[name]:
            paths = sorted(_pictures(folder))
            if not paths:
                raise InvalidInputError(
                    f"the class {name[:40]!r} has no PNG, JPEG or WebP file; choose another one"
                )
            for place in _some(np.arange(len(paths)), limit):
                status = paths[place].stat()
                stamp = (status.st_mtime_ns, status.st_size)
                found.append(_File(paths[place], stamp, label, judged))
    return found


def _pictures(folder: Path) -> Iterator[Path]:
    """Walk the pictures in a folder and below; links and hidden files are passed over."""
    for path in _listed(folder):
        if path.is_symlink():
            continue
        if path.is_dir():
            yield from _pictures(path)
        elif path.suffix.lower() in SUFFIXES:
            yield path


def _listed(folder: Path) -> list[Path]:
    try:
        return [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    except OSError as error:
        raise InvalidInputError(f"{folder.name} cannot be read ({error.strerror})") from error


@lru_cache(KEPT)
def _decoded(path: Path, _stamp: tuple[int, int], size: int) -> Array:
    return read_pixels(path, size)
