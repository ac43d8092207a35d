"""What the renderers accept: finite arrays [C, H, W]."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from advviz.errors import InvalidInputError

Floats: TypeAlias = NDArray[np.floating]
Bytes: TypeAlias = NDArray[np.uint8]


def planes(array: Floats, name: str, channels: int | None = None) -> NDArray[np.float64]:
    """Read a [C, H, W] array in float64.

    Raises:
        InvalidInputError: another shape, or a value that is not finite.
    """
    values = np.asarray(array, dtype=np.float64)
    if values.ndim != 3 or values.size == 0 or channels not in (None, values.shape[0]):
        expected = "C" if channels is None else channels
        raise InvalidInputError(
            f"{name} must be one array [{expected}, H, W], got shape {list(values.shape)}"
        )
    if not np.isfinite(values).all():
        raise InvalidInputError(
            f"{name} must be finite to be drawn, got NaN or infinity; "
            "look for an overflow in the model or its input"
        )
    return values
