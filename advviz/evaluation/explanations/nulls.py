"""Maps that know nothing of a network, one for each image."""

import numpy as np
import torch
from torch import Tensor

from advviz import pictures
from advviz.evaluation.explanations.metrics import CONSTANT, RANDOM
from advviz.noise import Noise


def null_map(name: str, images: Tensor, noise: Noise, place: str) -> Tensor:
    """Draw a map that no network was asked for.

    Args:
        name: of `NULLS`.
        images: [N, 3, H, W] in [0, 1].
        noise: of the random map.
        place: what the map stands in for; a random map is another one in every place.

    Returns:
        [N, 1, H, W], >= 0: the same number everywhere; independent numbers, uniform in [0, 1];
        or how steep the brightness is.
    """
    if name == CONSTANT:
        return torch.ones_like(images[:, :1])
    if name == RANDOM:
        drawn: Tensor = torch.special.ndtr(noise.streams(images).normal(f"random map {place}"))
        return drawn[:, :1]
    edges = np.stack([pictures.sobel(image) for image in images.cpu().numpy()])
    return torch.from_numpy(edges).to(images)
