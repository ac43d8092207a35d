"""An edge detector: what a map shows that knows of no network at all."""

import numpy as np
from numpy.typing import NDArray

from advviz.pictures.arrays import Floats, planes


def sobel(image: Floats) -> NDArray[np.float64]:
    """Measure how steep the brightness is at each pixel, by Sobel's filter.

    Args:
        image: [3, H, W] in [0, 1]; beyond its border the outermost pixels go on.

    Returns:
        [1, H, W], the length of the brightness gradient for each pixel: 1 where brightness
        rises by 1 from one pixel to the next. Drawn like a saliency map.

    Raises:
        InvalidInputError: another shape, or values that are not finite.
    """
    brightness = np.tensordot((0.299, 0.587, 0.114), planes(image, "image", channels=3), axes=1)
    framed = np.pad(brightness, 1, mode="edge")
    across = (framed[:, 2:] - framed[:, :-2]) / 2
    down = (framed[2:, :] - framed[:-2, :]) / 2
    smooth_across = (across[:-2] + 2 * across[1:-1] + across[2:]) / 4
    smooth_down = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / 4
    return np.hypot(smooth_across, smooth_down)[None]
