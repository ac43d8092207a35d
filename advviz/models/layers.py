"""Named layers that feature visualization offers, by architecture, with their channels.

The penultimate one comes first. Channels of a transformer are the last axis of its tokens.
"""

from collections.abc import Mapping
from types import MappingProxyType

_SLIM = {"flatten": 256, "layer1": 32, "layer2": 64, "layer3": 128, "layer4": 256}
_BASIC = {"avgpool": 512, "layer1": 64, "layer2": 128, "layer3": 256, "layer4": 512}
_BOTTLENECK = {"avgpool": 2048, "layer1": 256, "layer2": 512, "layer3": 1024, "layer4": 2048}
_CONVNEXT = {
    "classifier.1": 768, "features.1": 96, "features.3": 192, "features.5": 384, "features.7": 768,
}  # fmt: skip
_VIT = {"heads.penultimate": 768, "conv_proj": 768} | {
    f"encoder.layers.encoder_layer_{block}": 768 for block in (2, 5, 8, 11)
}
_EFFICIENTNET = {"global_pool": 1280} | {
    f"blocks.{block}": channels for block, channels in enumerate((16, 24, 40, 80, 112, 192, 320))
}
_INCEPTION = {"global_pool": 2048, "Mixed_5d": 288, "Mixed_6e": 768, "Mixed_7c": 2048}
_INCEPTION_RESNET = {"global_pool": 1536, "mixed_5b": 320, "mixed_6a": 1088, "mixed_7a": 2080}

LAYERS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "SlimResNet": _SLIM,
        "SlimMaxResNet": _SLIM,
        "Linear": {"flatten": 3072},
        "SmallConv": {"flatten": 1024, "features.conv1": 32, "features.conv2": 64}
        | {"features.conv3": 64},
        "GreyLinear": {"flatten": 64},
        "WideConv": {"flatten": 8192, "features.conv1": 64, "features.conv2": 64}
        | {"features.conv3": 128},
        "GreyWideConv": {"flatten": 4096, "features.conv1": 64, "features.conv2": 64},
        "GreySmallConv": {"flatten": 512, "features.conv1": 16, "features.conv2": 32},
        "torchvision:resnet18": _BASIC,
        "torchvision:resnet34": _BASIC,
        "torchvision:resnet50": _BOTTLENECK,
        "torchvision:resnet101": _BOTTLENECK,
        "torchvision:resnet152": _BOTTLENECK,
        "torchvision:resnext50_32x4d": _BOTTLENECK,
        "torchvision:wide_resnet50_2": _BOTTLENECK,
        "torchvision:wide_resnet50_4": _BOTTLENECK,
        "torchvision:convnext_tiny": _CONVNEXT,
        "torchvision:vit_b_16": _VIT,
        "timm:tf_efficientnet_b0": _EFFICIENTNET,
        "timm:inception_v3": _INCEPTION,
        "timm:inception_resnet_v2": _INCEPTION_RESNET,
    }
)


def layers_of(architecture: str) -> Mapping[str, int]:
    """Return the named layers of an architecture; none where it is not listed."""
    return LAYERS.get(architecture, MappingProxyType({}))
