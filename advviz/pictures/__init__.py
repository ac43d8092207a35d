"""Arrays to pictures: uint8 [H, W, 3] arrays, and PNG bytes. NumPy and Pillow only."""

from advviz.pictures.edges import sobel
from advviz.pictures.likeness import rank_correlation
from advviz.pictures.maps import absolute_ink, ink_scale, scales, signed, signed_scale, tutorial_rgb
from advviz.pictures.opacity import faded
from advviz.pictures.photos import eight_bit, enlarged, note_of, perturbation, photo, png
from advviz.pictures.sheets import sheet

__all__ = [
    "absolute_ink",
    "eight_bit",
    "enlarged",
    "faded",
    "ink_scale",
    "note_of",
    "perturbation",
    "photo",
    "png",
    "rank_correlation",
    "scales",
    "sheet",
    "signed",
    "signed_scale",
    "sobel",
    "tutorial_rgb",
]
