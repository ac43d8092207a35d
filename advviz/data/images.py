"""Image references, and the square of pixels that a network receives for one."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from advviz.data import gallery, picture_folder, sketches, uploads
from advviz.data.decoding import decode
from advviz.errors import InvalidInputError

ImageRef: TypeAlias = str
"""`sample:<id>` of the gallery, `sketch:<name>`, or `sha256:<hex>` of an upload or of a folder."""

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels of the source picture."""

SAMPLE_PREFIX = "sample:"
PREFIXES = (SAMPLE_PREFIX, sketches.PREFIX, uploads.PREFIX)
"""How a reference begins."""


@dataclass(frozen=True, slots=True, eq=False)
class Cropped:
    """What a network receives, and where in the source picture it was cut out."""

    pixels: NDArray[np.float32]  # [3, S, S] in [0, 1], read-only
    source_size: tuple[int, int]  # width, height
    box: Box
    digest: str


@lru_cache(maxsize=64)
def load(ref: ImageRef, size: int) -> Cropped:
    """Find a picture, cut out its square and resize it.

    The square is the gallery's hand-set one where there is one, else the largest centred
    square; it is cut out first and then resized (Lanczos), so that nothing outside the box
    that is shown to the reader takes part.

    Args:
        ref: `sample:<id>`, `sketch:<name>` or `sha256:<hex>`.
        size: pixels a side that the network expects, >= 1.

    Raises:
        UnknownNameError: no such sample or sketch, or an upload that is no longer kept.
        InvalidInputError: not a reference, or not a size.
    """
    if ref.startswith(uploads.PREFIX) and not uploads.holds(ref):
        picture_folder.restore(ref)
    exact = uploads.fetch_exact(ref) if ref.startswith(uploads.PREFIX) else None
    if exact is not None:
        return _uncropped(exact, size)
    box = None
    if ref.startswith(SAMPLE_PREFIX):
        box = gallery.sample(ref.removeprefix(SAMPLE_PREFIX)).box
    return cropped(source(ref), size, box)


def source(ref: ImageRef) -> Image.Image:
    """Find the whole picture that a reference names, of mode RGB.

    Raises:
        UnknownNameError: no such sample or sketch, or an upload that is no longer kept.
        InvalidInputError: not a reference.
    """
    if ref.startswith(SAMPLE_PREFIX):
        return decode(gallery.sample(ref.removeprefix(SAMPLE_PREFIX)).path.read_bytes())
    if ref.startswith(sketches.PREFIX):
        return sketches.draw(ref.removeprefix(sketches.PREFIX))
    if ref.startswith(uploads.PREFIX):
        if not uploads.holds(ref):
            picture_folder.restore(ref)
        return uploads.fetch(ref)
    raise InvalidInputError(
        f"an image must be sample:<id> or sha256:<digest>, got {ref[:40]!r}; "
        "choose a picture of the gallery or upload one"
    )


def cropped(image: Image.Image, size: int, box: Box | None = None) -> Cropped:
    """Cut a square out of a picture and resize it to what a network expects.

    Args:
        image: a picture of mode RGB.
        size: pixels a side, >= 1.
        box: the square, in pixels of `image`; the largest centred one if None.

    Raises:
        InvalidInputError: size < 1.
    """
    if size < 1:
        raise InvalidInputError(f"size must be >= 1 pixel, got {size}")
    box = box or centre_box(image.size)
    square = image.crop(box)
    if square.size != (size, size):
        square = square.resize((size, size), Image.Resampling.LANCZOS)
    levels = np.asarray(square, dtype=np.float32).transpose(2, 0, 1)
    pixels = np.ascontiguousarray(levels / np.float32(255))
    pixels.flags.writeable = False
    return Cropped(pixels, image.size, box, digest(pixels))


def _uncropped(pixels: NDArray[np.float32], size: int) -> Cropped:
    """Hand exact pixels on as they are: resizing would make other pixels of them."""
    side = pixels.shape[1]
    if side != size:
        raise InvalidInputError(
            f"exact pixels must have the size that the model expects, {size} x {size}, "
            f"got {side} x {side}; give a picture file instead"
        )
    pixels.flags.writeable = False
    return Cropped(pixels, (side, side), (0, 0, side, side), digest(pixels))


def centre_box(size: tuple[int, int]) -> Box:
    """Place the largest square in the middle of a picture of (width, height)."""
    width, height = size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return (left, top, left + side, top + side)


def digest(pixels: NDArray[np.float32]) -> str:
    """Name an array by its content: BLAKE2b-128 over its shape and its float32 bytes."""
    values = np.ascontiguousarray(pixels, dtype="<f4")
    content = hashlib.blake2b(repr(values.shape).encode(), digest_size=16)
    content.update(values.tobytes())
    return content.hexdigest()
