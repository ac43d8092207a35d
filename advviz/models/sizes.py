"""How many bytes weights take: said before they are downloaded, and of those that are here."""

from collections.abc import Mapping
from types import MappingProxyType

from advviz.models.model_record import HubCheckpoint, ModelRecord, TorchvisionWeights
from advviz.models.shelf import weights_path

NETWORKS: Mapping[str, int] = MappingProxyType(
    {
        "torchvision:resnet18": 46_800_000,
        "torchvision:resnet50": 102_500_000,
        "torchvision:wide_resnet50_2": 275_900_000,
        "torchvision:convnext_tiny": 114_400_000,
        "torchvision:vit_b_16": 346_300_000,
        "timm:tf_efficientnet_b0": 21_400_000,
        "timm:inception_v3": 95_500_000,
        "timm:inception_resnet_v2": 223_800_000,
    }
)
"""Bytes of a network's weights in single precision."""
HALVED = frozenset({"wide_resnet50_2-95faca4d.pth"})
"""Files that hold their weights in half precision."""


def download_size(described: ModelRecord) -> int | None:
    """Return about how many bytes a download has; None where it cannot be said.

    A checkpoint of the robust models holds its network twice: once more within the attacker.
    """
    origin, network = described.weights_origin, NETWORKS.get(described.architecture)
    if isinstance(origin, HubCheckpoint):
        twice = 2 if origin.file.endswith(".ckpt") else 1
        return origin.size or (network and twice * network)
    if network and isinstance(origin, TorchvisionWeights):
        return network // 2 if origin.url.rpartition("/")[2] in HALVED else network
    return None


def size_on_disk(described: ModelRecord) -> int | None:
    """Return the bytes of the weights that the loader reads; None where there is no such file."""
    path = weights_path(described)
    try:
        return None if path is None else path.stat().st_size
    except OSError:
        return None
