"""Input gradients as pictures: ink for size, red and blue for sign, the tutorial's colours."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from advviz.errors import InvalidInputError
from advviz.pictures.arrays import Bytes, Floats, planes

Scope: TypeAlias = Literal["picture", "model", "all"]

PERCENTILE = 99.0
WHITE = (255, 255, 255)
INK = (20, 22, 28)
RED = (178, 24, 43)
BLUE = (33, 102, 172)


def absolute_ink(gradient: Floats, scale: float | None = None) -> Bytes:
    """Draw how much each pixel matters: dark ink on white, whatever the theme.

    Args:
        gradient: [C, H, W]; a pixel's amount is the sum over c of |g[c, y, x]|.
        scale: the amount that is drawn at full ink; `ink_scale(gradient)` if None.

    Returns:
        uint8 [H, W, 3]. Zero is pure white, and so is all of a zero gradient.

    Raises:
        InvalidInputError: not [C, H, W], not finite, or a scale < 0.
    """
    amount = np.abs(planes(gradient, "gradient")).sum(axis=0)
    return _blend(_share(amount, _checked(scale, amount)), INK)


def ink_scale(gradient: Floats) -> float:
    """Find the 99th percentile of sum over c of |g[c]|, which `absolute_ink` uses by default.

    Where fewer than one pixel in a hundred is not zero, it is the largest amount instead.
    """
    return _clip_level(np.abs(planes(gradient, "gradient")).sum(axis=0))


def signed(gradient: Floats, scale: float | None = None) -> Bytes:
    """Draw the sign: red where brighter raises the objective, blue where darker does.

    Args:
        gradient: [C, H, W]; a pixel's value is the sum over c of g[c, y, x].
        scale: the size that is drawn in full colour; `signed_scale(gradient)` if None.

    Returns:
        uint8 [H, W, 3]. Zero is pure white.

    Raises:
        InvalidInputError: not [C, H, W], not finite, or a scale < 0.
    """
    total = planes(gradient, "gradient").sum(axis=0)
    share = _share(np.abs(total), _checked(scale, np.abs(total)))
    return np.where((total > 0)[..., None], _blend(share, RED), _blend(share, BLUE))


def signed_scale(gradient: Floats) -> float:
    """Find the 99th percentile of |sum over c of g[c]|, which `signed` uses by default."""
    return _clip_level(np.abs(planes(gradient, "gradient").sum(axis=0)))


def tutorial_rgb(gradient: Floats) -> Bytes:
    """Draw a gradient as the tutorial does: clamp((g - mean) / (3 std) + 0.5), per channel.

    Args:
        gradient: [3, H, W], or [1, H, W], which is drawn in grey; mean and std (n - 1, as torch
            counts) are over H and W of each channel. A channel without any spread is drawn at
            0.5.

    Returns:
        uint8 [H, W, 3].

    Raises:
        InvalidInputError: neither [3, H, W] nor [1, H, W], or not finite.
    """
    grey = np.ndim(gradient) == 3 and len(gradient) == 1
    values = planes(np.repeat(gradient, 3, axis=0) if grey else gradient, "gradient", channels=3)
    centred = values - values.mean(axis=(1, 2), keepdims=True)
    count = max(values[0].size - 1, 1)
    spread = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True) / count)
    shown = np.divide(centred, 3 * spread, out=np.zeros_like(centred), where=spread > 0) + 0.5
    return _levels(shown.transpose(1, 2, 0) * 255)


def scales(
    gradients: Mapping[str, Floats],
    scope: Scope,
    measure: Callable[[Floats], float] = ink_scale,
) -> dict[str, float]:
    """Choose the scale of each map of a board: its own, its model's, or one for all.

    A shared scale is the largest of its members' own, so no map is clipped more than alone.

    Args:
        gradients: [C, H, W] arrays by name; for "model" the name is "<model>/<picture>", and
            what stands before the first slash is the model.
        scope: "picture", "model" or "all".
        measure: `ink_scale` or `signed_scale`.

    Returns:
        A scale for each name.

    Raises:
        InvalidInputError: an unknown scope, or a gradient that cannot be drawn.
    """
    if scope not in ("picture", "model", "all"):
        raise InvalidInputError(f"scope must be picture, model or all, got {scope!r}")
    own = {name: measure(gradient) for name, gradient in gradients.items()}
    if scope == "picture":
        return own
    group = {name: name.partition("/")[0] if scope == "model" else "" for name in own}
    return {name: max(own[m] for m in own if group[m] == group[name]) for name in own}


def _clip_level(amount: NDArray[np.float64]) -> float:
    return float(np.percentile(amount, PERCENTILE) or amount.max())


def _checked(scale: float | None, amount: NDArray[np.float64]) -> float:
    if scale is None:
        return _clip_level(amount)
    if not (isfinite(scale) and scale >= 0):
        raise InvalidInputError(f"scale must be finite and >= 0, got {scale}")
    return scale


def _share(amount: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Divide by the scale and clip to [0, 1]; at scale 0, all that is not zero is 1."""
    if scale == 0:
        return (amount > 0).astype(np.float64)
    # Clipped first: a quotient by a denormal scale could overflow.
    return np.minimum(amount, scale) / scale


def _blend(share: NDArray[np.float64], colour: tuple[int, int, int]) -> Bytes:
    """Mix white (share 0) with a colour (share 1)."""
    white, full = np.array(WHITE, np.float64), np.array(colour, np.float64)
    return _levels(white + share[..., None] * (full - white))


def _levels(values: NDArray[np.float64]) -> Bytes:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)
