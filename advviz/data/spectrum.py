"""How strong each frequency is in photos: the mean Fourier magnitude of some pictures.

It is what MACO keeps fixed. numpy alone, so that a page can name a spectrum without torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from advviz.data import gallery, images
from advviz.errors import InvalidInputError
from advviz.featurevis.colours import COLOUR_CORRELATION

GALLERY = "gallery"
LARGEST = 64
"""Pictures that a spectrum may be the mean of."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """A mean magnitude, and a name for it.

    Args:
        magnitude: float32 [3, S, S // 2 + 1], of decorrelated colours, read-only.
        digest: of these numbers.
    """

    magnitude: NDArray[np.float32]
    digest: str


@lru_cache(maxsize=8)
def spectrum(of: str, size: int) -> Spectrum:
    """Measure the mean magnitude of pictures, as a network receives them.

    Args:
        of: "gallery", for the photos of the gallery that have that many pixels; or image
            references, by comma.
        size: pixels a side.

    Raises:
        UnknownNameError: a picture that there is not, or no longer.
        InvalidInputError: no picture, or more than 64.
    """
    refs = references(of, size)
    total = np.zeros((3, size, size // 2 + 1))
    for ref in refs:
        total += _magnitude(images.load(ref, size).pixels)
    mean = np.ascontiguousarray(total / len(refs), np.float32)
    mean.flags.writeable = False
    return Spectrum(mean, images.digest(mean))


def references(of: str, size: int) -> Sequence[str]:
    """List the pictures that a spectrum is the mean of; see `spectrum`."""
    if of == GALLERY:
        return [f"{images.SAMPLE_PREFIX}{sample.id}" for sample in gallery.samples(size)]
    refs = [ref.strip() for ref in of.split(",") if ref.strip()]
    if not 1 <= len(refs) <= LARGEST:
        raise InvalidInputError(
            f"a spectrum is the mean of 1 to {LARGEST} pictures, got {len(refs)}; "
            "give gallery, or image references by comma"
        )
    return refs


def _magnitude(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the magnitudes of one picture's decorrelated colours; its mean colour is none."""
    colours = np.array(COLOUR_CORRELATION)
    centred = pixels - pixels.mean((1, 2), keepdims=True, dtype=np.float64)
    drawn = np.einsum("rc,chw->rhw", np.linalg.inv(colours), centred)
    found: NDArray[np.float64] = np.abs(np.fft.rfft2(drawn))
    return found
