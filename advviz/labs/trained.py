"""Networks that a lab trained, in the form in which models are kept: weights and a record."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from advviz.data import digits
from advviz.models.layers import layers_of
from advviz.models.model_record import ModelRecord
from advviz.models.uploaded import trained
from advviz.models.vocabularies import CIFAR10, OWN, cifar10

if TYPE_CHECKING:
    from torch import Tensor

DIGITS = "digits"
ARCHITECTURES = {
    (DIGITS, "linear"): "GreyLinear",
    (DIGITS, "convolutional"): "GreySmallConv",
    (DIGITS, "wide"): "GreyWideConv",
    (CIFAR10, "linear"): "Linear",
    (CIFAR10, "convolutional"): "SmallConv",
    (CIFAR10, "wide"): "WideConv",
}
"""By data set and kind of network."""
TITLES = {
    "linear": "a linear network",
    "convolutional": "a small convolutional network",
    "wide": "a wide convolutional network",
}
DIGIT_MEAN, DIGIT_STD = 0.3, 0.38
"""Of the pixels of all digits, which are grey."""
COLOUR_MEAN, COLOUR_STD = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)
"""Of CIFAR-10's training images, per channel."""

TOLD = ("title", "source", "licence", "citation", "training_norm", "training_eps")
"""What the shelf would not know of a file that was uploaded."""


def like(data: str, network: str) -> ModelRecord:
    """Describe a network of the lab, but for its weights.

    Args:
        data: "digits" or "cifar10".
        network: "linear", "convolutional" or "wide".
    """
    architecture = ARCHITECTURES[data, network]
    is_digits = data == DIGITS
    return ModelRecord(
        id=f"lab-{data}-{network}",
        title=f"{TITLES[network]} on {data}",
        architecture=architecture,
        source="trained in the lab",
        licence="yours",
        citation=digits.CREDIT if is_digits else "",
        input_size=digits.SIZE if is_digits else 32,
        mean=(DIGIT_MEAN,) * 3 if is_digits else COLOUR_MEAN,
        std=(DIGIT_STD,) * 3 if is_digits else COLOUR_STD,
        vocabulary=OWN if is_digits else CIFAR10,
        classes=digits.CLASSES if is_digits else cifar10().classes,
        layers=layers_of(architecture),
    )


def described_as(described: ModelRecord, *, norm: str | None, eps: float = 0.0) -> ModelRecord:
    """Say in a network's record how it was trained.

    Args:
        described: as `like` gives it.
        norm: of the attack that it was trained against; None for a standard one.
        eps: radius of that attack, over the three channels of an RGB picture.
    """
    if norm is None:
        return replace(described, title=f"{described.title}, standard")
    title = f"{described.title}, robust, {_strength(norm, eps)}"
    return replace(described, title=title, training_norm=norm, training_eps=eps)


def keep(described: ModelRecord, state: Mapping[str, "Tensor"]) -> ModelRecord:
    """Put a trained network on the shelf of this process, for all pages.

    Args:
        described: its record, as `described_as` gives it.
        state: its weights by the network's own names.

    Returns:
        Its record as it stands on the shelf; the id is `upload:` and the digest of its weights.

    Raises:
        WeightsError: the weights are not those of such a network.
    """
    told = {name: getattr(described, name) for name in TOLD}
    return trained().keep(_bytes(state), described, **told)


def as_toml(described: ModelRecord, weights: str) -> str:
    """Write the record of a kept network as the file that stands beside weights of one's own.

    Args:
        described: its record.
        weights: name of the weights file beside it.
    """
    values: dict[str, Any] = {
        "title": described.title,
        "architecture": described.architecture,
        "weights": weights,
        "sha256": described.sha256,
        "input_size": described.input_size,
        "mean": list(described.mean),
        "std": list(described.std),
        "source": described.source,
        "licence": described.licence,
        "citation": described.citation,
    }
    if described.vocabulary == OWN:
        values["classes"] = list(described.classes)
    else:
        values["vocabulary"] = described.vocabulary
    if described.training_norm is not None:
        values |= {"training_norm": described.training_norm, "training_eps": described.training_eps}
    # What JSON says of texts, numbers and lists of them, TOML says in the same words.
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())


def _bytes(state: Mapping[str, "Tensor"]) -> bytes:
    from safetensors.torch import save

    return save({name: value.contiguous() for name, value in state.items()})


def _strength(norm: str, eps: float) -> str:
    return f"L-inf {255 * eps:.3g}/255" if norm == "linf" else f"L2 {eps:.3g}"


def saved(described: ModelRecord, stem: str, state: Mapping[str, "Tensor"]) -> dict[str, bytes]:
    """Write a network as the two files that a folder of one's own models has of each.

    Args:
        described: its record, as `described_as` gives it.
        stem: name of the files, and so of the model.
        state: its weights by the network's own names.
    """
    data = _bytes(state)
    entry = replace(described, sha256=hashlib.sha256(data).hexdigest())
    weights = f"{stem}.safetensors"
    return {weights: data, f"{stem}.toml": as_toml(entry, weights).encode()}
