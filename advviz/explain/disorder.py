"""How disordered a map is: the entropy of its values, for the efficient randomization test.

A network without learned weights should leave a map with less structure, not only another one.
So its map should be more disordered than the trained network's, and no similarity is asked for,
which any noise brings down.

Reference: Hedström et al., Sanity Checks Revisited, 2024, section 4, arXiv:2405.02383.
"""

import torch
from torch import Tensor

BINS = 100
"""Of the histogram; at most that many different values of a map are told apart."""


def entropy(maps: Tensor) -> Tensor:
    """Compute the entropy of the histogram of each map's values, in bits.

    The bins are as wide as the map's own range allows, so that no scale counts.

    Args:
        maps: [N, C, H, W]; a pixel's value is the sum over the channels, with its sign.

    Returns:
        [N] in float64, from 0 for a constant map to log2(`BINS`).
    """
    values = maps.double().sum(1).flatten(1)
    low, high = values.amin(1, keepdim=True), values.amax(1, keepdim=True)
    width = torch.where(high > low, high - low, torch.ones_like(high))
    places = ((values - low) / width * BINS).long().clamp(max=BINS - 1)
    counts = torch.zeros(len(maps), BINS, dtype=torch.float64, device=maps.device)
    counts.scatter_add_(1, places, torch.ones_like(values))
    shares = counts / values.shape[1]
    return -torch.xlogy(shares, shares).sum(1) / torch.log(shares.new_tensor(2.0))
