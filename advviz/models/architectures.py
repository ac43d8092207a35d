"""Networks by the name of their builder: pixels in [0, 1] go in, logits come out."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from advviz.errors import WeightsError
from advviz.models.model_record import ModelRecord
from advviz.models.normalize import Normalize
from advviz.models.resnet import Pooling, SlimResNet
from advviz.models.small_networks import ARCHITECTURES as SMALL
from advviz.models.small_networks import small_network

SLIM: Mapping[str, Pooling] = MappingProxyType({"SlimResNet": "average", "SlimMaxResNet": "max"})
"""The bundled models' networks, and how they halve the size."""
STRIDED_STEM = 64
"""Pixels from which on the slim network halves the size at its start."""


def build(described: ModelRecord) -> nn.Module:
    """Build the network that a record describes, with initial weights.

    Its layers and its weights have the names that its builder gave them, whatever comes first.

    Raises:
        WeightsError: no such builder, or the package that has it is not installed.
    """
    library, _, name = described.architecture.rpartition(":")
    builders = {"": _ours, "torchvision": _torchvision, "timm": _timm}
    if library not in builders or (not library and name not in (*SLIM, *SMALL)):
        raise WeightsError(
            f"{described.id} names the architecture {described.architecture[:80]!r}; "
            f"expected {', '.join((*SLIM, *SMALL))}, torchvision:NAME or timm:NAME"
        )
    with torch.random.fork_rng(devices=[]):  # initial weights, overwritten, draw random numbers
        return without_inplace(builders[library](described, name))


def without_inplace(network: nn.Module) -> nn.Module:
    """Have every layer leave what it is given as it is, so that it can be looked at."""
    for layer in network.modules():
        if getattr(layer, "inplace", False) is True:
            layer.inplace = False  # type: ignore[assignment]  # a layer's own flag
    return network


class _FromPixels:
    """Mixed into a network's class: normalization is the first thing that it does."""

    normalize: Normalize

    def forward(self, images: Tensor) -> Tensor:
        """Map pixels [N, 3, H, W] in [0, 1] to logits [N, K]."""
        logits: Tensor = super().forward(self.normalize(images))  # type: ignore[misc]
        return logits


def _from_pixels(kind: type[nn.Module]) -> type[nn.Module]:
    return type(kind.__name__, (_FromPixels, kind), {"__module__": kind.__module__})


def normalized(network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> nn.Module:
    """Have a network normalize the pixels that it is given; nothing is renamed.

    A wrapper would put its own name before those of all layers and weights.
    """
    network.normalize = Normalize(mean, std)
    network.__class__ = _from_pixels(type(network))
    return network


def slim_network(
    name: str, classes: int, size: int, mean: Sequence[float], std: Sequence[float]
) -> SlimResNet:
    """Make a bundled model's network, by its name, for images of a size in pixels."""
    strided = size >= STRIDED_STEM
    return SlimResNet(classes, strided_stem=strided, pooling=SLIM[name], mean=mean, std=std)


def _ours(described: ModelRecord, name: str) -> nn.Module:
    of = (len(described.classes), described.input_size, described.mean, described.std)
    return slim_network(name, *of) if name in SLIM else small_network(name, *of)


def _torchvision(described: ModelRecord, name: str) -> nn.Module:
    from torchvision import models

    if name == "wide_resnet50_4":
        network = models.ResNet(
            models.resnet.Bottleneck,
            [3, 4, 6, 3],
            num_classes=len(described.classes),
            width_per_group=256,
        )
    else:
        if name not in models.list_models(module=models):
            raise WeightsError(
                f"torchvision has no classifier called {name[:80]!r}, which {described.id} names"
            )
        wanted: dict[str, Any] = {"num_classes": len(described.classes), "weights": None}
        if name.startswith("vit_"):
            wanted["image_size"] = described.input_size
        if name in ("inception_v3", "googlenet"):
            wanted |= {"init_weights": True}
        network = models.get_model(name, **wanted)
    if name.startswith("vit_"):
        # The class token leaves the encoder among all others; here it passes alone.
        heads: OrderedDict[str, nn.Module] = OrderedDict(penultimate=nn.Identity())
        network.heads = nn.Sequential(heads | OrderedDict(network.heads.named_children()))
    return normalized(network, described.mean, described.std)


def _timm(described: ModelRecord, name: str) -> nn.Module:
    create = _timm_builder()
    try:
        network = create(name, pretrained=False, num_classes=len(described.classes))
    except RuntimeError as error:
        raise WeightsError(
            f"timm has no model called {name[:80]!r}, which {described.id} names"
        ) from error
    return normalized(network, described.mean, described.std)


def _timm_builder() -> Callable[..., nn.Module]:
    try:
        import timm
    except ImportError as error:
        raise WeightsError(
            "this architecture is built by timm, which is not installed; "
            "run: pip install 'advviz[timm]'"
        ) from error
    create: Callable[..., nn.Module] = timm.create_model
    return create
