"""Files from outside to plain RGB pictures: checked before a single pixel is decoded."""

from contextlib import suppress
from io import BytesIO

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from advviz.errors import InvalidInputError

MAX_BYTES = 10 * 2**20
MAX_PIXELS = 16_000_000

ORIENTATION_TAG = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation to the operation that turns the stored picture upright."""

OTHER_SIGNATURES = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"%PDF", "a PDF"),
)


def decode(data: bytes) -> Image.Image:
    """Decode a PNG, JPEG or WebP file that anyone may have made.

    Bytes, format, pixel count and number of frames are checked before pixels are decoded.
    The picture comes back upright, with transparency on white, 8 bits a channel, and
    without metadata. Of a JPEG that holds several pictures (many phones add a depth or
    brightness map) the first is used.

    Args:
        data: the bytes of the file.

    Returns:
        A picture of mode RGB.

    Raises:
        InvalidInputError: too large, another format, animated, or damaged.
    """
    if len(data) > MAX_BYTES:
        raise InvalidInputError(
            f"an image file may have at most {MAX_BYTES / 2**20:.0f} MB, "
            f"got {len(data) / 2**20:.1f} MB; save it smaller"
        )
    image = _opened(data)
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise InvalidInputError(
            f"an image may have at most {MAX_PIXELS / 1e6:.0f} million pixels, "
            f"got {width} x {height} = {width * height / 1e6:.1f} million; make it smaller"
        )
    frames = getattr(image, "n_frames", 1)
    if frames != 1:
        raise InvalidInputError(
            f"an image must be a still picture, got an animation of {frames} frames; "
            "save one of them as PNG"
        )
    try:
        image.load()
        picture = _on_white(_upright(image))
    except Exception as error:
        raise _damaged(image.format or "image") from error
    # A new image, because convert and transpose carry EXIF, XMP and text along.
    return Image.fromarray(np.asarray(picture))


def _opened(data: bytes) -> ImageFile:
    """Read the header of a PNG, JPEG or WebP file.

    The plug-ins are called directly: Image.open warns through process-wide filters, which a
    thread cannot change safely, and takes a phone's JPEG with an extra map for an animation.
    """
    plugin: type[ImageFile]
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        plugin = PngImageFile
    elif data.startswith(b"\xff\xd8\xff"):
        plugin = JpegImageFile
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        plugin = WebPImageFile
    else:
        raise InvalidInputError(
            f"an image must be a PNG, JPEG or WebP file, got {_described(data)}; save it as PNG"
        )
    try:
        return plugin(BytesIO(data))
    except Image.DecompressionBombError as error:
        raise InvalidInputError(
            f"an image may have at most {MAX_PIXELS / 1e6:.0f} million pixels, "
            "got over ten times as many; make it smaller"
        ) from error
    except Exception as error:
        raise _damaged(plugin.format or "image") from error


def _damaged(kind: str) -> InvalidInputError:
    """Say that a file has the signature of its format and cannot be decoded."""
    return InvalidInputError(
        f"an image must be a complete {kind} file, got one that is cut short or damaged; "
        "save or download it again"
    )


def _described(data: bytes) -> str:
    """Name what a file that is none of the three formats seems to be."""
    if not data:
        return "an empty file"
    if data[4:8] == b"ftyp":
        return "a HEIC, AVIF or video file"
    for signature, name in OTHER_SIGNATURES:
        if data.startswith(signature):
            return name
    return "something else"


def _upright(image: ImageFile) -> Image.Image:
    """Turn a picture as its EXIF orientation says; unreadable EXIF says nothing."""
    orientation = 1
    with suppress(Exception):
        orientation = image.getexif().get(ORIENTATION_TAG, 1)
    operation = UPRIGHT.get(orientation)
    return image if operation is None else image.transpose(operation)


def _on_white(image: Image.Image) -> Image.Image:
    """Bring any mode to 8-bit RGB, what is transparent becoming white."""
    if image.mode.startswith("I"):  # 16-bit greyscale, which convert would clip at 255
        levels = np.asarray(image).astype(np.uint32)
        grey = ((levels * 255 + 32767) // 65535).astype(np.uint8)
        grey[levels == image.info.get("transparency", -1)] = 255
        return Image.fromarray(grey).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")
