"""The pictures that a method compares with, where it asks for some: the bundled ones.

They are the same for every image that is measured. One that is itself bundled is among its own
references, to which it adds nothing.
"""

from functools import cache

import numpy as np

from advviz.data import gallery, images
from advviz.experiments.result import Array


@cache
def digests(size: int) -> tuple[str, ...]:
    """Return the digests of the pixels of every reference at a size."""
    return tuple(images.digest(picture) for picture in pixels(size))


def pixels(size: int) -> Array:
    """Return the references [R, 3, size, size] in [0, 1]."""
    names = (f"{images.SAMPLE_PREFIX}{sample.id}" for sample in gallery.samples(size))
    return np.stack([images.load(name, size).pixels for name in names])
