"""NPZ files of exact pixels, as an attack leaves them: read with care, for anybody can make one."""

from io import BytesIO
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from advviz.errors import InvalidInputError

SIGNATURE = b"PK\x03\x04"
"""How an NPZ file begins."""
ADVERSARIAL, ORIGINAL, LINK = "adversarial", "original", "link"
MAX_ARRAY_BYTES = 64 * 2**20


def exact_pixels(data: bytes) -> NDArray[np.float32]:
    """Read the array `adversarial`.

    Raises:
        InvalidInputError: the file has none, is damaged, or no NPZ.
    """
    found = exact_arrays(data)
    if ADVERSARIAL not in found:
        raise InvalidInputError(f"the file has no array called {ADVERSARIAL}")
    pixels: NDArray[np.float32] = found[ADVERSARIAL]
    return pixels


def exact_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """Read those of the arrays `adversarial`, `original` and `link` that a file has.

    Raises:
        InvalidInputError: an array is too large, the file is damaged, or no NPZ.
    """
    try:
        with ZipFile(BytesIO(data)) as archive:
            sizes = {
                info.filename.removesuffix(".npy"): info.file_size for info in archive.filelist
            }
        names = [name for name in (ADVERSARIAL, ORIGINAL, LINK) if name in sizes]
        for name in names:
            if sizes[name] > MAX_ARRAY_BYTES:
                raise InvalidInputError(f"its array {name} has {sizes[name]} bytes")
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names}
    except InvalidInputError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy each fail in ways of their own
        raise InvalidInputError("the file is no NPZ, or it is damaged") from error
