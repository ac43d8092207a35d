"""A picture that fades to white where a search asked little of it."""

import numpy as np

from advviz.errors import InvalidInputError
from advviz.pictures.arrays import Bytes, Floats
from advviz.pictures.photos import photo

OPAQUE = 95.0
"""Percentile of the importance from which a pixel is drawn as it is."""


def faded(pixels: Floats, importance: Floats) -> Bytes:
    """Draw a picture with an importance map as its opacity, on white.

    Args:
        pixels: [3, H, W] in [0, 1].
        importance: [H, W] >= 0, in any unit.

    Returns:
        uint8 [H, W, 3].

    Raises:
        InvalidInputError: shapes that differ, or values that are not finite.
    """
    shares = np.asarray(importance, np.float64)
    if shares.shape != pixels.shape[1:] or not np.isfinite(shares).all():
        raise InvalidInputError(
            f"the importance must be finite and of shape {list(pixels.shape[1:])}, "
            f"got {list(shares.shape)}"
        )
    full = np.percentile(shares, OPAQUE)
    opacity = np.clip(shares / full, 0, 1)[..., None] if full > 0 else np.ones((1, 1, 1))
    drawn = photo(pixels) * opacity + 255 * (1 - opacity)
    return np.rint(drawn).astype(np.uint8)
