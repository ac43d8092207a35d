"""The architecture of the bundled models: a slim residual network for small images.

A ResNet-18 (He et al., CVPR 2016, arXiv:1512.03385) of half width with SiLU instead of ReLU
and pooling instead of strided convolutions. Average pooling makes its input gradients smooth
enough to look at; pooling by the maximum passes on the strongest answer wherever it stands,
fine detail included; with it and a stronger whitening the CIFAR-10 network that is trained as
usual is fooled more easily (benchmarks/RESULTS.md).
Its first layer is a frozen basis of image patches, as in airbench (Jordan 2024,
arXiv:2404.00498); the first learned convolution mixes its directions.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from torch import Tensor, nn

from advviz.models.normalize import Normalize

Pooling = Literal["average", "max"]
POOLINGS: Mapping[Pooling, Callable[[int], nn.Module]] = MappingProxyType(
    {"average": nn.AvgPool2d, "max": nn.MaxPool2d}
)


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions beside a shortcut."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.act1 = nn.SiLU()
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.act2 = nn.SiLU()
        self.shortcut = (
            nn.Identity()
            if channels_in == channels_out
            else nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, bias=False),
                nn.BatchNorm2d(channels_out),
            )
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map [N, C_in, H, W] to [N, C_out, H, W]."""
        inner = self.act1(self.bn1(self.conv1(features)))
        summed: Tensor = self.bn2(self.conv2(inner)) + self.shortcut(features)
        activated: Tensor = self.act2(summed)
        return activated


class SlimResNet(nn.Module):
    """Residual network for images of 32 or 64 pixels.

    Args:
        classes: number of logits K.
        widths: channels of the four stages; every stage but the first halves the size.
        strided_stem: let the first layer halve the size, by patches of 4×4 pixels (64 px
            images); otherwise it keeps the size, by patches of 3×3.
        pooling: "average" or "max", how a stage halves the size.
        mean: of the training pixels in [0, 1], per channel; normalization is part of the
            network, so that pixels go in.
        std: likewise.
    """

    def __init__(
        self,
        classes: int,
        *,
        widths: Sequence[int] = (32, 64, 128, 256),
        strided_stem: bool = True,
        pooling: Pooling = "average",
        mean: Sequence[float] = (0.5, 0.5, 0.5),
        std: Sequence[float] = (0.25, 0.25, 0.25),
    ) -> None:
        super().__init__()
        self.normalize = Normalize(mean, std)
        kernel, stride = (4, 2) if strided_stem else (3, 1)
        directions = 3 * kernel**2
        self.patches = nn.Conv2d(3, directions, kernel, stride, padding=1, bias=False)
        self.conv = nn.Conv2d(directions, widths[0], 1, bias=False)
        self.bn = nn.BatchNorm2d(widths[0])
        self.act = nn.SiLU()
        stages = []
        channels = widths[0]
        for index, width in enumerate(widths):
            halve = [POOLINGS[pooling](2)] if index else []
            blocks = [ResidualBlock(channels, width), ResidualBlock(width, width)]
            stages.append(nn.Sequential(*halve, *blocks))
            channels = width
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map pixels [N, 3, H, W] in [0, 1] to logits [N, K]."""
        features = self.act(self.bn(self.conv(self.patches(self.normalize(images)))))
        features = self.layer4(self.layer3(self.layer2(self.layer1(features))))
        logits: Tensor = self.fc(self.flatten(self.avgpool(features)))
        return logits
