"""The networks that labs train in seconds: a linear model, and a small convolutional one.

They take pixels [N, 3, S, S] as every model does. The grey ones average the three channels
first, so that an image of one channel is to them the same as its grey RGB picture. A grey
picture that changes by L2 eps changes by √3 · eps as an RGB picture, for each change is there
three times; in L∞ nothing changes.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from math import sqrt
from types import MappingProxyType

import torch
from torch import Tensor, nn

from advviz.models.normalize import Normalize

LINEAR, CONVOLUTIONAL, WIDE = "Linear", "SmallConv", "WideConv"
GREY = "Grey"
"""How the name of an architecture begins that averages the channels of a pixel."""
ARCHITECTURES = tuple(grey + kind for grey in ("", GREY) for kind in (LINEAR, CONVOLUTIONAL, WIDE))
LAYERS: Mapping[str, tuple[tuple[int, int], ...]] = MappingProxyType(
    {
        CONVOLUTIONAL: ((32, 2), (64, 2), (64, 2)),
        WIDE: ((64, 1), (64, 2), (128, 2)),
        # Digits have few pixels already.
        GREY + CONVOLUTIONAL: ((16, 1), (32, 2)),
        GREY + WIDE: ((64, 1), (64, 1)),
    }
)
"""Channels and stride of each convolution."""


class _FromPixels(nn.Module):
    """What both networks begin with: the channels, and the normalization."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], *, grey: bool) -> None:
        super().__init__()
        self.grey = grey
        channels = 1 if grey else 3
        self.normalize = Normalize(mean[:channels], std[:channels])

    def seen(self, images: Tensor) -> Tensor:
        """Return what the first layer receives."""
        seen: Tensor = self.normalize(images.mean(1, keepdim=True) if self.grey else images)
        return seen


class LinearModel(_FromPixels):
    """One weight for each pixel and class: its weights can be looked at as pictures."""

    def __init__(
        self,
        classes: int,
        size: int,
        mean: Sequence[float],
        std: Sequence[float],
        *,
        grey: bool = False,
    ) -> None:
        super().__init__(mean, std, grey=grey)
        self.flatten = nn.Flatten()
        self.linear = nn.Linear((1 if grey else 3) * size * size, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map pixels [N, C, S, S] in [0, 1] to logits [N, K]."""
        logits: Tensor = self.linear(self.flatten(self.seen(images)))
        return logits


class SmallConvNet(_FromPixels):
    """A few convolutions and a linear layer; without batch norm, so that rows never mix."""

    def __init__(
        self,
        architecture: str,
        classes: int,
        size: int,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        grey = architecture.startswith(GREY)
        super().__init__(mean, std, grey=grey)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        channels = 1 if grey else 3
        for number, (width, stride) in enumerate(LAYERS[architecture], 1):
            layers[f"conv{number}"] = nn.Conv2d(channels, width, 3, stride, padding=1)
            layers[f"relu{number}"] = nn.ReLU()
            channels, size = width, -(-size // stride)
        self.features = nn.Sequential(layers)
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(channels * size * size, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map pixels [N, C, S, S] in [0, 1] to logits [N, K]."""
        logits: Tensor = self.linear(self.flatten(self.features(self.seen(images))))
        return logits


def small_network(
    architecture: str, classes: int, size: int, mean: Sequence[float], std: Sequence[float]
) -> LinearModel | SmallConvNet:
    """Make a network by the name of its architecture, with initial weights."""
    if architecture.endswith(LINEAR):
        return LinearModel(classes, size, mean, std, grey=architecture.startswith(GREY))
    return SmallConvNet(architecture, classes, size, mean, std)


def initialized(network: nn.Module, seed: int) -> nn.Module:
    """Draw all weights anew: uniformly, by the number of inputs of each unit.

    It is what PyTorch's layers do by themselves, with a generator of their own: the global one
    is not touched. Reference: He et al., ICCV 2015, arXiv:1502.01852.
    """
    generator = torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d) and layer.bias is not None:
            bound = 1 / sqrt(layer.weight[0].numel())
            with torch.no_grad():
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.uniform_(-bound, bound, generator=generator)
    return network
