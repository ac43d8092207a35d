"""CIFAR-10 for the labs: from a folder of pictures, or as torchvision keeps it.

The folder is `$ADVVIZ_CIFAR10`, or `cifar10` beside the models of one's own. It holds `train` and
`test` with a folder a class, or what torchvision downloads. Nothing is downloaded unless somebody
says so.
"""

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from advviz.data.folders import labelled_files, read_pixels
from advviz.errors import InvalidInputError
from advviz.labs.labelled import Labelled, Parts
from advviz.labs.turns import Work, in_turns
from advviz.models.downloads import models_folder
from advviz.models.vocabularies import CIFAR10_CLASSES
from advviz.protocol import Procedure, Progress

VARIABLE = "ADVVIZ_CIFAR10"
SIZE = 32
HELD_OUT = 1000  # images watched while training, and as many judged at the end
AS_DOWNLOADED = "cifar-10-batches-py"
MEBIBYTES = 163  # of the download
EVERY = 64  # pictures read between two looks at the clock


def folder() -> Path:
    """Name the folder in which the images are looked for; it need not be there."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else models_folder() / "cifar10"


def is_here() -> bool:
    """Say whether there is something to train on."""
    return (folder() / AS_DOWNLOADED).is_dir() or (folder() / "train").is_dir()


def download() -> None:
    """Have torchvision download the images from where their authors keep them.

    Raises:
        InvalidInputError: it failed; what is damaged is downloaded again the next time.
    """
    from torchvision.datasets import CIFAR10

    try:
        CIFAR10(str(folder()), download=True)
    except (OSError, RuntimeError) as error:
        raise InvalidInputError(
            f"CIFAR-10 could not be downloaded: {' '.join(str(error).split())[:200]}; try again, "
            f"or name a folder that holds train and test by {VARIABLE}"
        ) from error
    identity.cache_clear()


@lru_cache(1)
def identity() -> str:
    """Identify the images by names and sizes of their files (hex, 128 bit).

    Raises:
        InvalidInputError: there are none.
    """
    _refuse_absence()
    place = folder() / AS_DOWNLOADED
    files = sorted(p for p in (place if place.is_dir() else folder()).rglob("*") if p.is_file())
    content = "\n".join(f"{path.relative_to(folder())} {path.stat().st_size}" for path in files)
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
    read = _downloaded if (folder() / AS_DOWNLOADED).is_dir() else _from_pictures
    train = yield from in_turns(read("train", images + HELD_OUT, seed))
    test = yield from in_turns(read("test", HELD_OUT, seed))
    held, rest = train.first(HELD_OUT), slice(HELD_OUT, None)
    return Parts(Labelled(train.images[rest], train.labels[rest]), held, test, CIFAR10_CLASSES)


def _refuse_absence() -> None:
    if not is_here():
        raise InvalidInputError(
            f"CIFAR-10 is not on this machine: name a folder that holds train and test, each with "
            f"a folder a class, by {VARIABLE}, or run: advviz lab training --data cifar10 "
            f"--download ({MEBIBYTES} MiB)"
        )


def _from_pictures(part: str, count: int, seed: int) -> Work[Labelled]:
    files = labelled_files(folder() / part, CIFAR10_CLASSES, {})
    rows = balanced(np.array(files.labels), count, seed)
    found = np.empty((len(rows), 3, SIZE, SIZE), np.uint8)
    for place, row in enumerate(rows):
        found[place] = read_pixels(files.paths[row], SIZE)
        if place % EVERY == 0:
            yield Progress(f"reading pictures to {part}", place, len(rows))
    labels = torch.from_numpy(np.array(files.labels)[rows])
    return Labelled(torch.from_numpy(found).float() / 255, labels)


def _downloaded(part: str, count: int, seed: int) -> Work[Labelled]:
    from torchvision.datasets import CIFAR10

    yield Progress(f"reading pictures to {part}", 0, 1)
    whole = CIFAR10(str(folder()), train=part == "train")
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
