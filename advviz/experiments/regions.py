"""Where a picture is drawn over: everywhere, in a rectangle, or where a mask is light."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from advviz.data import images
from advviz.errors import InvalidInputError
from advviz.models.records import ModelRecord

EVERYTHING, BOX = "everything", "box:"
LIGHT = 0.5
"""Mean of a mask's colours above which a pixel may move."""


def is_whole(region: str) -> bool:
    """Say whether a region leaves nothing out."""
    return region == EVERYTHING


def box(region: str) -> tuple[int, int, int, int]:
    """Read a rectangle: left, top, width and height in percent of the side.

    Raises:
        InvalidInputError: words of another form, or a rectangle that leaves the picture.
    """
    words = region.removeprefix(BOX).split(",")
    if len(words) == 4 and all(word.strip().isdecimal() for word in words):
        left, top, width, height = (int(word) for word in words)
        if width > 0 and height > 0 and left + width <= 100 and top + height <= 100:
            return left, top, width, height
    raise InvalidInputError(
        "a region must be everything, box:LEFT,TOP,WIDTH,HEIGHT in whole percent within the "
        f"picture, or a mask image, got {region[:60]!r}"
    )


def mask(region: str, size: int) -> NDArray[np.bool_]:
    """Return which pixels [S, S] may move.

    Args:
        region: "everything", `box:LEFT,TOP,WIDTH,HEIGHT`, or an image reference.
        size: S, pixels a side that the network receives.

    Raises:
        InvalidInputError: a region of another form, or one that holds no pixel.
        UnknownNameError: a mask that there is not, or no longer.
    """
    found = np.ones((size, size), np.bool_)
    if region.startswith(BOX):
        left, top, width, height = (share * size / 100 for share in box(region))
        rows, columns = np.mgrid[:size, :size] + 0.5
        found = (columns > left) & (columns < left + width)
        found &= (rows > top) & (rows < top + height)
    elif not is_whole(region):
        if not region.startswith(images.PREFIXES):
            box(region)  # refuses it, with all that it could be
        found = images.load(region, size).pixels.mean(0) > LIGHT
    if not found.any():
        raise InvalidInputError(
            "the region holds no pixel; choose a larger one, or a mask with light pixels"
        )
    return found


def key(region: str, described: ModelRecord) -> Any:
    """Return what identifies a region's pixels."""
    mask(region, described.input_size)  # refuses what is none
    if is_whole(region) or region.startswith(BOX):
        return region
    return images.load(region, described.input_size).digest
