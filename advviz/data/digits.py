"""Handwritten digits: 1797 images of 8×8 pixels that come with advviz, for labs that train live.

They are the test part of the *Optical Recognition of Handwritten Digits* data set of the UCI
Machine Learning Repository (E. Alpaydin and C. Kaynak, 1998, doi:10.24432/C50P49, CC BY 4.0),
as scikit-learn distributes it: each pixel counts the ink in a block of 4×4, from 0 to 16.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from advviz.data.splits import Split, split
from advviz.resources import assets

CLASSES = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
SIZE = 8  # pixels a side
LEVELS = 16  # of ink: a pixel is one of 0, 1/16, ..., 1
CREDIT = (
    "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning "
    "Repository, CC BY 4.0"
)


@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    """The data set; nobody may change it.

    Args:
        images: float32 [1797, 1, 8, 8] in [0, 1]; ink is 1.
        labels: int64 [1797], the digit.
    """

    images: np.ndarray[Any, np.dtype[np.float32]]
    labels: np.ndarray[Any, np.dtype[np.int64]]

    def split(self, seed: int = 0) -> Split:
        """Return the rows to train on, to choose weights on and to judge on: 60, 20, 20 %."""
        return split(self.labels, seed)


@cache
def digits() -> Digits:
    """Read the digits that come with advviz."""
    with np.load(assets() / "digits.npz", allow_pickle=False) as stored:
        images = stored["images"][:, None].astype(np.float32) / np.float32(LEVELS)
        labels = stored["labels"].astype(np.int64)
    images.setflags(write=False)
    labels.setflags(write=False)
    return Digits(images, labels)
