"""What pictures go through on their way: compression, blur, fewer levels, another size.

Each takes and gives uint8 [H, W, 3], as a file holds it.
"""

from io import BytesIO

import numpy as np
from PIL import Image, ImageFilter

from advviz.pictures.arrays import Bytes


def jpeg(image: Bytes, quality: int) -> Bytes:
    """Save as JPEG of a quality from 1 to 95 and read it again; colours at half resolution."""
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as read:
        return np.asarray(read.convert("RGB")).copy()


def blurred(image: Bytes, radius: float) -> Bytes:
    """Blur with a Gaussian whose standard deviation is `radius` pixels."""
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius))).copy()


def fewer_levels(image: Bytes, bits: int) -> Bytes:
    """Round to 2^bits levels a channel, from 0 to 255."""
    most = 2**bits - 1
    levels = np.rint(image.astype(np.float64) * most / 255)
    found: Bytes = np.rint(levels * 255 / most).astype(np.uint8)
    return found


def resized(image: Bytes, share: float) -> Bytes:
    """Reduce to a share of the size, and enlarge to the old one; bicubic, antialiased."""
    drawn = Image.fromarray(image)
    width, height = (max(1, round(side * share)) for side in drawn.size)
    reduced = drawn.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(reduced.resize(drawn.size, Image.Resampling.BICUBIC)).copy()
