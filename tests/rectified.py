"""Small networks in float64 for methods that look into the module, and the peers' answers."""

import warnings
from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional
from toys import generator

from advviz.models.classifier import Classifier


def drawn(network: nn.Module, seed: int = 0) -> nn.Module:
    """Draw all weights of a network from a seed, in float64, for evaluation."""
    source = generator(seed)
    with torch.no_grad():
        for value in network.double().state_dict().values():
            if value.is_floating_point():
                size = max(value[0].numel(), 1) if value.ndim > 1 else 4
                value.copy_(
                    torch.randn(value.shape, generator=source, dtype=torch.float64) / size**0.5
                )
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_var.abs_().add_(0.5)
    return network.eval()


def rectified(*, bias: bool = True, seed: int = 0) -> nn.Module:
    """Return what Captum handles: modules called once, ReLU alone, no two of its hooks in a row."""
    with torch.random.fork_rng(devices=[]):
        layers = OrderedDict(
            conv1=nn.Conv2d(3, 6, 3, padding=1, bias=bias),
            relu1=nn.ReLU(),
            pool=nn.AvgPool2d(2),
            conv2=nn.Conv2d(6, 5, 3, padding=1, bias=bias),
            relu2=nn.ReLU(),
            flatten=nn.Flatten(),
            fc=nn.Linear(5 * 4 * 4, 4, bias=bias),
        )
        return drawn(nn.Sequential(layers), seed)


class Residual(nn.Module):
    """What Captum does not handle: one activation called twice, sums, windows that overlap.

    Args:
        function: the activation, called without a module around it.
        bias: of the convolutions; without, there is no batch norm either.
    """

    def __init__(self, function, *, bias: bool = True) -> None:
        super().__init__()
        self.function = function
        self.stem = nn.Conv2d(3, 6, 3, padding=1, bias=bias)
        self.norm = nn.BatchNorm2d(6) if bias else nn.Identity()
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        self.conv1 = nn.Conv2d(6, 6, 3, padding=1, bias=bias)
        self.norm1 = nn.BatchNorm2d(6) if bias else nn.Identity()
        self.conv2 = nn.Conv2d(6, 6, 3, padding=1, bias=bias)
        self.norm2 = nn.BatchNorm2d(6) if bias else nn.Identity()
        self.fc = nn.Linear(6, 4, bias=bias)

    def forward(self, images: Tensor) -> Tensor:
        features = self.pool(self.function(self.norm(self.stem(images))))
        inner = self.norm2(self.conv2(self.function(self.norm1(self.conv1(features)))))
        inner += features
        return self.fc(self.function(inner).mean((2, 3)))


def residual(function=functional.silu, *, bias: bool = True, seed: int = 0) -> nn.Module:
    """Return a residual network with weights from a seed."""
    with torch.random.fork_rng(devices=[]):
        return drawn(Residual(function, bias=bias), seed)


def transformer(seed: int = 0) -> nn.Module:
    """Return torchvision's vision transformer, tiny: 3 blocks, 2 heads, 1 + 4 tokens."""
    from torchvision.models import VisionTransformer

    with torch.random.fork_rng(devices=[]):
        words = {"num_layers": 3, "num_heads": 2, "hidden_dim": 8, "mlp_dim": 12}
        network = VisionTransformer(image_size=8, patch_size=4, num_classes=4, **words)
        network = drawn(network, seed)
    with torch.no_grad():  # attention that differs from block to block
        for value in network.state_dict().values():
            value.mul_(2)
    return network


def classifier(network: nn.Module) -> Classifier:
    """Return who answers for a network."""
    return Classifier(network)


def captums(method: str, network: nn.Module, images: Tensor, classes: Tensor, **words) -> Tensor:
    """Ask Captum, which warns of its hooks and wants parameters with gradients."""
    from captum import attr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        named = getattr(attr, method)(*[network, *words.pop("layers", ())])
        return named.attribute(images.clone(), target=classes, **words).detach()
