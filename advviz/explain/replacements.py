"""Replacements: pictures that take the place of the pixels that a test takes away.

They are the baselines of the path methods, so that a map and its test can mean the same nothing.
"""

from torch import Tensor

from advviz.explain.baselines import baseline
from advviz.explain.parameters import BASELINES
from advviz.noise import Noise

REPLACEMENTS = BASELINES
"""By the name that a user gives."""


def replacement(name: str, images: Tensor, noise: Noise) -> Tensor:
    """Make the pictures that stand for "nothing is there"; see `baselines.baseline`.

    Reference: Sturmfels, Lundberg & Lee, Distill 2020, doi:10.23915/distill.00022: what is
    called absent decides what is found important; so measure with several.
    """
    return baseline(name, images, noise=noise)
