"""Published ImageNet models: made robust at many strengths, standard, and augmented.

Nothing here is downloaded; these are records. Accuracies are those that the publishers give.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from advviz.models.layers import layers_of
from advviz.models.model_record import HubCheckpoint, ModelRecord, Origin, TorchvisionWeights
from advviz.models.vocabularies import IMAGENET, imagenet

ROBUST, STANDARD, AUGMENTED = "imagenet-robust", "imagenet-standard", "imagenet-augmented"

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HUB, REVISION = "madrylab/robust-imagenet-models", "main"
L2_RUNGS = ("0", "0.01", "0.03", "0.05", "0.1", "0.25", "0.5", "1", "3", "5")
LINF_RUNGS = ("0.5", "1.0", "2.0", "4.0", "8.0")
"""Radii as file names write them: L2 in [0, 1] pixels, L-inf in 1/255."""

TITLES = {"resnet18": "ResNet-18", "resnet50": "ResNet-50", "wide_resnet50_2": "Wide ResNet-50-2"}
CLEAN = {
    ("resnet18", "l2"): (69.79, 69.90, 69.24, 69.15, 68.77, 67.43, 65.49, 62.32, 53.12, 45.59),
    ("resnet50", "l2"): (75.80, 75.68, 75.76, 75.59, 74.78, 74.14, 73.16, 70.43, 62.83, 56.13),
    ("wide_resnet50_2", "l2"): (
        76.97, 77.25, 77.26, 77.17, 76.74, 76.21, 75.11, 73.41, 66.90, 60.94,
    ),
    ("resnet18", "linf"): (66.13, 63.46, 59.63, 52.49, 42.11),
    ("resnet50", "linf"): (73.73, 72.05, 69.10, 63.86, 54.53),
    ("wide_resnet50_2", "linf"): (75.82, 74.65, 72.35, 68.41, 60.82),
}  # fmt: skip
README = "README of microsoft/robust-models-transfer, ImageNet validation set"
AUTOATTACK_LINF_4 = {"resnet18": 25.32, "resnet50": 34.96, "wide_resnet50_2": 38.14}
ROBUSTBENCH = "RobustBench, ImageNet, L-inf 4/255, 5000 images"
SALMAN = (
    "Salman, Ilyas, Engstrom, Kapoor, Madry: Do Adversarially Robust ImageNet Models Transfer "
    "Better?, NeurIPS 2020, arXiv:2007.08489"
)
KNOWN_FILES = {
    "resnet50_linf_eps4.0.ckpt": (
        "9e62216975c111b8081481533b6142dec34be69abe5d90b54d7f860015c263db", 204_818_947,
    ),
}  # fmt: skip
"""sha256 and bytes of files as published; those of the others are recorded at first use."""

RESIZE_256 = MappingProxyType({"resize": 256, "crop": 224, "interpolation": "bilinear"})

_TORCHVISION = (
    ("imagenet-resnet18-v1", "ResNet-18", "resnet18", "V1", "resnet18-f37072fd", 256, 69.758),
    ("imagenet-resnet50-v1", "ResNet-50", "resnet50", "V1", "resnet50-0676ba61", 256, 76.13),
    (
        "imagenet-resnet50-v2", "ResNet-50, later recipe", "resnet50", "V2", "resnet50-11ad3fa6",
        232, 80.858,
    ),
    (
        "imagenet-wide-resnet50-2-v1", "Wide ResNet-50-2", "wide_resnet50_2", "V1",
        "wide_resnet50_2-95faca4d", 256, 78.468,
    ),
    (
        "imagenet-convnext-tiny-v1", "ConvNeXt-T", "convnext_tiny", "V1", "convnext_tiny-983f1562",
        236, 82.52,
    ),
    ("imagenet-vit-b-16-v1", "ViT-B/16", "vit_b_16", "V1", "vit_b_16-c867db91", 256, 81.072),
)  # fmt: skip
TORCHVISION_FILES = "https://download.pytorch.org/models"

_TIMM = (
    (
        "imagenet-efficientnet-b0-advprop", "EfficientNet-B0 AdvProp", "tf_efficientnet_b0.ap_in1k",
        224, 0.875, "Xie et al.: Adversarial Examples Improve Image Recognition, arXiv:1911.09665",
    ),
    (
        "imagenet-inception-v3-adv", "Inception-v3 adversarial", "inception_v3.tf_adv_in1k",
        299, 0.875, "Kurakin et al.: Adversarial Machine Learning at Scale, arXiv:1611.01236",
    ),
    (
        "imagenet-inception-resnet-v2-ens", "Inception-ResNet-v2 ensemble adversarial",
        "inception_resnet_v2.tf_ens_adv_in1k", 299, 0.8975,
        "Tramèr et al.: Ensemble Adversarial Training, arXiv:1705.07204",
    ),
)  # fmt: skip


@cache
def zoo() -> Mapping[str, ModelRecord]:
    """Return the records of all published models, by id."""
    found = (*standard_imagenet(), *robust_imagenet(), *augmented_imagenet())
    return MappingProxyType({r.id: r for r in found})


def robust_imagenet() -> tuple[ModelRecord, ...]:
    """Return the ladder of each architecture: L2 from eps 0, the standard arm, then L-inf."""
    ladders = (("l2", L2_RUNGS), ("linf", LINF_RUNGS))
    return tuple(
        _rung(builder, norm, rung, CLEAN[builder, norm][row])
        for builder in TITLES
        for norm, rungs in ladders
        for row, rung in enumerate(rungs)
    )


def _rung(builder: str, norm: str, rung: str, clean: float) -> ModelRecord:
    eps = float(rung) if norm == "l2" else float(rung) / 255
    file = f"{builder}_{norm}_eps{rung}.ckpt"
    sha256, size = KNOWN_FILES.get(file, (None, None))
    strength = f"L2 eps {float(rung):g}" if norm == "l2" else f"L-inf eps {float(rung):g}/255"
    published = {"clean": _figure(clean, README)}
    if (norm, rung) == ("linf", "4.0"):
        published["autoattack-linf-4/255"] = _figure(AUTOATTACK_LINF_4[builder], ROBUSTBENCH)
    return _imagenet(
        id=f"imagenet-{builder.replace('_', '-')}-{norm}-{float(rung):g}",
        title=f"{TITLES[builder]}, {f'robust, {strength}' if eps else 'standard, same recipe'}",
        family=ROBUST,
        architecture=f"torchvision:{builder}",
        source=f"{HUB} on the Hugging Face hub, by Microsoft and MIT",
        origin=HubCheckpoint(
            repository=HUB, revision=REVISION, file=file, sha256=sha256, size=size
        ),
        licence="MIT",
        citation=SALMAN,
        sha256=sha256,
        training_norm=norm if eps else None,
        training_eps=eps,
        published=published,
    )


def standard_imagenet() -> tuple[ModelRecord, ...]:
    """Return the cards of torchvision's standard models."""
    return tuple(
        _imagenet(
            id=name,
            title=f"{title}, standard",
            family=STANDARD,
            architecture=f"torchvision:{builder}",
            source=f"torchvision, {builder}, weights IMAGENET1K_{version}",
            origin=TorchvisionWeights(
                builder=builder,
                weights=f"IMAGENET1K_{version}",
                url=f"{TORCHVISION_FILES}/{file}.pth",
            ),
            licence="BSD-3-Clause",
            citation="TorchVision maintainers and contributors: TorchVision, 2016",
            transform={**RESIZE_256, "resize": resize},
            published={"clean": _figure(clean, "torchvision, ImageNet validation set")},
        )
        for name, title, builder, version, file, resize, clean in _TORCHVISION
    )


def augmented_imagenet() -> tuple[ModelRecord, ...]:
    """Return timm's models that were trained with adversarial images as augmentation."""
    return tuple(
        _imagenet(
            id=name,
            title=f"{title} (augmented)",
            family=AUGMENTED,
            architecture=f"timm:{model.partition('.')[0]}",
            source=f"timm/{model} on the Hugging Face hub; needs the extra advviz[timm]",
            origin=HubCheckpoint(
                repository=f"timm/{model}", revision="main", file="model.safetensors"
            ),
            licence="Apache-2.0",
            citation=citation,
            augmented=True,
            input_size=size,
            mean=(0.5, 0.5, 0.5),
            std=(0.5, 0.5, 0.5),
            transform={"resize": int(size / crop), "crop": size, "interpolation": "bicubic"},
        )
        for name, title, model, size, crop, citation in _TIMM
    )


def _imagenet(*, architecture: str, origin: Origin, **values: Any) -> ModelRecord:
    usual: dict[str, Any] = {
        "vocabulary": IMAGENET,
        "classes": imagenet().classes,
        "wordnet_ids": imagenet().wordnet_ids,
        "input_size": 224,
        "mean": MEAN,
        "std": STD,
        "transform": RESIZE_256,
        "layers": layers_of(architecture),
    }
    return ModelRecord(architecture=architecture, origin=origin, **(usual | values))


def _figure(percent: float, source: str) -> dict[str, Any]:
    return {"value": round(percent / 100, 5), "source": source}
