"""CIFAR-10 as torchvision reads it, where it is on this machine; nothing is downloaded here.

Krizhevsky 2009, *Learning Multiple Layers of Features from Tiny Images*: 50,000 images to train
on and 10,000 to judge on, 32×32 pixels, ten classes.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from advviz.errors import InvalidInputError

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
SIZE = 32  # pixels a side
VARIABLE = "ADVVIZ_DATA"
PICTURES = "ADVVIZ_CIFAR10"
"""Names a folder that holds `train` and `test`, each with a folder a class, instead."""
PARTS = (True, False)
"""Of torchvision's data set: to train on, and to judge on."""

Bytes = np.ndarray[Any, np.dtype[np.uint8]]


def folder() -> Path:
    """Return $ADVVIZ_DATA, or the user's data folder; made when first written to."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "advviz" / "data"


def is_here() -> bool:
    """Say whether the data set has been put into its folder."""
    return (folder() / "cifar-10-batches-py" / "batches.meta").is_file()


def picture_folder() -> Path | None:
    """Return $ADVVIZ_CIFAR10, or None where nobody named a folder of pictures."""
    named = os.environ.get(PICTURES)
    return Path(named) if named else None


def is_at_hand() -> bool:
    """Say whether there is something to train on: the folder of pictures, or the data set."""
    folder = picture_folder()
    return is_here() if folder is None else (folder / "train").is_dir()


@lru_cache(4)
def pictures(name: str) -> tuple[Bytes, Bytes]:
    """Return the images of a class, uint8 [N, 3, 32, 32]: to train on, and to judge on.

    Raises:
        InvalidInputError: no such class, or the data set is not here or damaged.
    """
    if name not in CLASSES:
        raise InvalidInputError(f"CIFAR-10 has {', '.join(CLASSES)}, got {name[:40]!r}")
    from torchvision.datasets import CIFAR10

    found = []
    for is_train in PARTS:
        try:
            dataset = CIFAR10(str(folder()), train=is_train)
        except (RuntimeError, OSError, EOFError) as error:
            raise InvalidInputError(
                "CIFAR-10 is not on this machine, or what is there is damaged; download it, or "
                "give a folder with one folder a class"
            ) from error
        rows = np.asarray(dataset.targets) == CLASSES.index(name)
        found.append(np.ascontiguousarray(dataset.data[rows].transpose(0, 3, 1, 2)))
    return found[0], found[1]
