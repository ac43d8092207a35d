"""Published models by their library's own name: `torchvision:resnet34`, `timm:resnet18.a1_in1k`.

They have no card in the catalogue; their records are made when they are asked for.
"""

from functools import lru_cache
from typing import Any

from advviz.errors import UnknownNameError
from advviz.models.layers import layers_of
from advviz.models.model_record import HubCheckpoint, ModelRecord, TorchvisionWeights
from advviz.models.vocabularies import IMAGENET, imagenet

AUGMENTED = {"ap", "adv"}
"""Words in timm's tags of models that were trained with adversarial images as augmentation."""
KEPT = 64


@lru_cache(KEPT)
def named(model: str) -> ModelRecord:
    """Describe a model of torchvision's (NAME or NAME:WEIGHTS) or of timm's (NAME.TAG).

    Raises:
        UnknownNameError: there is none of that name, or it is no classifier of ImageNet's
            1000 classes whose weights can be fetched.
    """
    library, _, name = model.partition(":")
    makers = {"torchvision": _of_torchvision, "timm": _of_timm}
    if library not in makers or not name:
        raise UnknownNameError(
            f"a model by name is torchvision:NAME or timm:NAME, got {model[:80]!r}"
        )
    return makers[library](model, name)


def _of_torchvision(model: str, name: str) -> ModelRecord:
    from torchvision import models

    builder, _, wanted = name.partition(":")
    if builder not in models.list_models(module=models):
        raise UnknownNameError(f"torchvision has no classifier called {builder[:80]!r}")
    members = models.get_model_weights(builder).__members__
    if wanted and wanted not in members:
        raise UnknownNameError(
            f"{builder} has weights {', '.join(members)} in torchvision, got {wanted[:80]!r}"
        )
    weights = members[wanted or "DEFAULT"]
    prepared, accuracies = weights.transforms(), weights.meta["_metrics"]["ImageNet-1K"]
    size = prepared.crop_size[0]
    published = {
        "value": round(accuracies["acc@1"] / 100, 5),
        "source": "torchvision, ImageNet validation set",
    }
    return ModelRecord(
        id=model,
        title=f"{builder} {weights.name}, standard",
        family="imagenet-standard",
        vocabulary=IMAGENET,
        architecture=f"torchvision:{builder}",
        source=f"torchvision, {builder}, weights {weights.name}",
        origin=TorchvisionWeights(builder=builder, weights=weights.name, url=weights.url),
        licence="BSD-3-Clause",
        input_size=size,
        mean=tuple(prepared.mean),
        std=tuple(prepared.std),
        transform={
            "resize": prepared.resize_size[0],
            "crop": size,
            "interpolation": prepared.interpolation.value,
        },
        classes=imagenet().classes,
        wordnet_ids=imagenet().wordnet_ids,
        published={"clean": published},
        layers=layers_of(f"torchvision:{builder}"),
    )


def _of_timm(model: str, name: str) -> ModelRecord:
    try:
        from timm.models import get_pretrained_cfg
    except ImportError as error:
        raise UnknownNameError(
            f"{model[:80]} needs timm, which is not installed; run: pip install 'advviz[timm]'"
        ) from error
    try:
        said: Any = get_pretrained_cfg(name, allow_unregistered=False)
    except RuntimeError as error:
        raise UnknownNameError(f"timm has no model called {name[:80]!r}") from error
    if said.num_classes != 1000 or said.input_size[0] != 3 or not said.hf_hub_id:
        raise UnknownNameError(
            f"{name[:80]} is no classifier of ImageNet's 1000 classes with weights on the hub; "
            "choose another, such as resnet18.a1_in1k"
        )
    size = said.input_size[1]
    augmented = bool(AUGMENTED & {*said.tag.split("_")})
    return ModelRecord(
        id=model,
        title=f"{name} of timm",
        family="imagenet-augmented" if augmented else "imagenet-standard",
        vocabulary=IMAGENET,
        architecture=f"timm:{said.architecture}",
        source=f"{said.hf_hub_id} on the Hugging Face hub; needs the extra advviz[timm]",
        origin=HubCheckpoint(
            repository=said.hf_hub_id, revision="main", file="model.safetensors"
        ),
        licence=said.license or "not given",
        input_size=size,
        mean=tuple(said.mean),
        std=tuple(said.std),
        transform={
            "resize": int(size / said.crop_pct), "crop": size, "interpolation": said.interpolation,
        },
        classes=imagenet().classes,
        wordnet_ids=imagenet().wordnet_ids,
        augmented=augmented,
        layers=layers_of(f"timm:{said.architecture}"),
    )  # fmt: skip
