"""Normalization as the first layer of a classifier."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Normalize(nn.Module):
    """Subtract a mean and divide by a standard deviation, per channel.

    Unlike some published normalizers it does not clamp: clamping would hide the gradient of
    pixels outside the box, which SmoothGrad's noise reaches.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map pixels [N, C, H, W] in [0, 1] to what the first convolution was trained on."""
        return (images - self.mean) / self.std
