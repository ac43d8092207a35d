"""Pixels as pictures: the photo, its 8-bit truth, what an attack changed, and PNG files."""

from io import BytesIO
from math import isfinite

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from advviz.errors import InvalidInputError
from advviz.pictures.arrays import Bytes, Floats, planes

GREY = 128
KEYWORD = "advviz"
LONGEST_NOTE = 8192  # characters: a link is a few hundred


def photo(pixels: Floats) -> Bytes:
    """Draw pixels as they are: clipped to [0, 1] and rounded to 8 bits.

    Args:
        pixels: [3, H, W] in [0, 1].

    Returns:
        uint8 [H, W, 3].

    Raises:
        InvalidInputError: not [3, H, W], or not finite.
    """
    values = np.clip(planes(pixels, "pixels", channels=3), 0, 1).transpose(1, 2, 0)
    return np.rint(values * 255).astype(np.uint8)


def eight_bit(pixels: Floats) -> NDArray[np.float32]:
    """Give the pixels that a network receives after the picture was saved and read again.

    Args:
        pixels: [3, H, W] in [0, 1].

    Returns:
        float32 [3, H, W], every value k / 255.

    Raises:
        InvalidInputError: not [3, H, W], or not finite.
    """
    levels = photo(pixels).transpose(2, 0, 1).astype(np.float32)
    return np.ascontiguousarray(levels / np.float32(255))


def perturbation(original: Floats, adversarial: Floats, gain: float) -> Bytes:
    """Draw what was changed: grey is unchanged, brighter was raised, darker was lowered.

    Args:
        original: [3, H, W] in [0, 1].
        adversarial: the same shape.
        gain: how many times the true change is shown; at 1 a change of 1/255 is one level.

    Returns:
        uint8 [H, W, 3], clip(128 + 255 * gain * (adversarial - original)).

    Raises:
        InvalidInputError: shapes that differ, values that are not finite, or a gain <= 0.
    """
    if not (isfinite(gain) and gain > 0):
        raise InvalidInputError(f"gain must be finite and > 0, got {gain}")
    before = planes(original, "original", channels=3)
    after = planes(adversarial, "adversarial", channels=3)
    if before.shape != after.shape:
        raise InvalidInputError(
            "original and adversarial must have one shape, "
            f"got {list(before.shape)} and {list(after.shape)}"
        )
    shown = GREY + 255 * gain * (after - before)
    return np.rint(np.clip(shown, 0, 255)).transpose(1, 2, 0).astype(np.uint8)


def enlarged(image: Bytes, factor: int) -> Bytes:
    """Show each pixel as a square of factor x factor, without smoothing.

    Args:
        image: uint8 [H, W, 3].
        factor: a whole number >= 1.

    Raises:
        InvalidInputError: factor < 1.
    """
    if factor < 1:
        raise InvalidInputError(f"factor must be >= 1, got {factor}")
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def png(image: Bytes, note: str | None = None, dpi: int | None = None) -> bytes:
    """Encode uint8 [H, W, 3] as a PNG file: lossless, fast rather than small.

    Args:
        image: the picture.
        note: one line of ASCII that the file says of itself, in a text chunk of our own; see
            `note_of`.
        dpi: pixels an inch on paper, for programs that print the file.
    """
    buffer, text = BytesIO(), PngInfo()
    if note is not None:
        text.add_text(KEYWORD, note)
    size = {} if dpi is None else {"dpi": (dpi, dpi)}
    Image.fromarray(image).save(buffer, "PNG", compress_level=1, pnginfo=text, **size)
    return buffer.getvalue()


def note_of(file: bytes) -> str | None:
    """Read the note that `png` wrote; None of any other file, whatever else it says of itself.

    Anybody can write such a note: it is a claim, to be read as a link is.
    """
    try:
        with Image.open(BytesIO(file), formats=["PNG"]) as image:
            found = image.info.get(KEYWORD)
    except Exception:  # Pillow fails in many ways on files that are no PNG
        return None
    return str(found) if isinstance(found, str) and len(found) <= LONGEST_NOTE else None
