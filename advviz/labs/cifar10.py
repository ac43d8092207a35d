"""CIFAR-10 in three parts: as it was downloaded, or from a folder of pictures.

The pictures are those of the folder `$ADVVIZ_CIFAR10`, which holds `train` and `test`, each with
a folder a class; where it names none, the data set that was downloaded.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch

from advviz.data import cifar10
from advviz.data.folders import labelled_files, read_pixels
from advviz.errors import InvalidInputError
from advviz.labs.labelled import Labelled, Parts
from advviz.labs.turns import Work, in_turns
from advviz.protocol import Procedure, Progress

HELD_OUT = 1000  # images watched while training, and as many judged at the end
EVERY = 64  # pictures read between two looks at the clock


@lru_cache(1)
def identity() -> str:
    """Identify the images by names and sizes of their files (hex, 128 bit).

    Raises:
        InvalidInputError: there are none.
    """
    _refuse_absence()
    place = cifar10.picture_folder() or cifar10.folder() / "cifar-10-batches-py"
    files = sorted(path for path in place.rglob("*") if path.is_file())
    content = "\n".join(f"{path.relative_to(place)} {path.stat().st_size}" for path in files)
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def cifar10_parts(images: int, seed: int) -> Procedure[Parts]:
    """Read the images, in turns.

    Args:
        images: to train on at most, equally many a class.
        seed: of the choice.

    Raises:
        InvalidInputError: there are none, or one cannot be read.
    """
    _refuse_absence()
    read = _downloaded if cifar10.picture_folder() is None else _from_pictures
    train = yield from in_turns(read("train", images + HELD_OUT, seed))
    test = yield from in_turns(read("test", HELD_OUT, seed))
    held = min(HELD_OUT, len(train.labels) // 5)
    rest = Labelled(train.images[held:], train.labels[held:])
    return Parts(rest, train.first(held), test, cifar10.CLASSES)


def _refuse_absence() -> None:
    if not cifar10.is_at_hand():
        raise InvalidInputError(
            "CIFAR-10 is not on this machine: run advviz lab training --data cifar10 --download, "
            "or name a folder that holds train and test, each with a folder a class, by "
            f"{cifar10.PICTURES}"
        )


def _from_pictures(part: str, count: int, seed: int) -> Work[Labelled]:
    folder = cifar10.picture_folder()
    if folder is None:
        raise InvalidInputError(
            f"{cifar10.PICTURES} names no folder any more; choose the images again"
        )
    files = labelled_files(folder / part, cifar10.CLASSES, {})
    rows = balanced(np.array(files.labels), count, seed)
    found = np.empty((len(rows), 3, cifar10.SIZE, cifar10.SIZE), np.uint8)
    for place, row in enumerate(rows):
        found[place] = read_pixels(files.paths[row], cifar10.SIZE)
        if place % EVERY == 0:
            yield Progress(f"reading pictures to {part}", place, len(rows))
    labels = torch.from_numpy(np.array(files.labels)[rows])
    return Labelled(torch.from_numpy(found).float() / 255, labels)


def _downloaded(part: str, count: int, seed: int) -> Work[Labelled]:
    from torchvision.datasets import CIFAR10

    yield Progress(f"reading pictures to {part}", 0, 1)
    whole = CIFAR10(str(cifar10.folder()), train=part == "train")
    labels = np.array(whole.targets)
    rows = balanced(labels, count, seed)
    pixels = torch.from_numpy(whole.data[rows].transpose(0, 3, 1, 2).copy())
    return Labelled(pixels.float() / 255, torch.from_numpy(labels[rows]))


def balanced(
    labels: np.ndarray[tuple[int], np.dtype[np.int64]], count: int, seed: int
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Choose rows, equally many of each class as far as there are, class after class in turn."""

    def of_classes() -> Iterator[np.ndarray[tuple[int], np.dtype[np.int64]]]:
        for label in np.unique(labels):
            rows = np.flatnonzero(labels == label)
            yield np.random.default_rng([seed, int(label)]).permutation(rows)

    classes = list(of_classes())
    longest = max(map(len, classes))
    turns = [rows[place] for place in range(longest) for rows in classes if place < len(rows)]
    return np.array(turns[:count])
