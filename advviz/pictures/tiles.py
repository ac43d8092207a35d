"""Many small pictures as one: put together, cut apart, and as a WebP file."""

from io import BytesIO

import numpy as np
from PIL import Image

from advviz.pictures.arrays import Bytes

COLUMNS = 16


def tiled(pictures: Bytes) -> Bytes:
    """Lay pictures out in rows of 16, without gaps.

    Args:
        pictures: uint8 [N, 3, S, S].

    Returns:
        uint8 [ceil(N / 16) S, min(N, 16) S, 3]; black where there is no picture.
    """
    count, _, side, _ = pictures.shape
    columns = min(count, COLUMNS)
    rows = -(-count // columns)
    padded = np.zeros((rows * columns, 3, side, side), np.uint8)
    padded[:count] = pictures
    laid = padded.reshape(rows, columns, 3, side, side).transpose(0, 3, 1, 4, 2)
    return np.ascontiguousarray(laid.reshape(rows * side, columns * side, 3))


def untiled(sheet: Bytes, count: int, side: int) -> Bytes:
    """Cut a sheet that `tiled` made into its pictures, uint8 [N, 3, S, S]."""
    rows, columns = sheet.shape[0] // side, sheet.shape[1] // side
    cut = sheet.reshape(rows, side, columns, side, 3).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(cut.reshape(rows * columns, 3, side, side)[:count])


def levelled(pictures: Bytes, levels: int) -> Bytes:
    """Round pictures to a few evenly spaced levels, black and white among them.

    Noise does not compress: of pictures that are mostly noise, fewer levels make smaller files
    than a lossy format does, and keep their grain, which a lossy format smooths away.

    Args:
        pictures: uint8, of any shape.
        levels: 2 to 256.
    """
    steps = (np.arange(256) * (levels - 1) + 127) // 255
    return np.rint(steps * 255 / (levels - 1)).astype(np.uint8)[pictures]


def webp(image: Bytes) -> bytes:
    """Encode uint8 [H, W, 3] as a WebP file, without loss."""
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", lossless=True, quality=60, method=4)
    return buffer.getvalue()


def from_webp(file: bytes) -> Bytes:
    """Decode a WebP file that `webp` made, uint8 [H, W, 3]."""
    with Image.open(BytesIO(file), formats=["WEBP"]) as image:
        return np.asarray(image.convert("RGB")).copy()
