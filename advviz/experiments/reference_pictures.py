"""The bundled pictures as references, for explainers that compare a picture with real ones."""

from functools import cache

import numpy as np

from advviz.data import gallery, images
from advviz.experiments.result import Array


def reference_pictures(size: int) -> Array:
    """Return the gallery at a network's size, [R, 3, S, S] in [0, 1]; read-only.

    Pictures that the network would receive enlarged are left out.
    """
    return _read(size)[0]


def references_key(size: int) -> str:
    """Return what identifies the pixels of the reference pictures."""
    return _read(size)[1]


@cache
def _read(size: int) -> tuple[Array, str]:
    found = [images.load(images.SAMPLE_PREFIX + s.id, size).pixels for s in gallery.samples(size)]
    stacked = np.stack(found)
    stacked.flags.writeable = False
    return stacked, images.digest(stacked)
