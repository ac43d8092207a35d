"""Class ids that many models share, in the order of their logits."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from advviz.resources import assets

TINY14, CIFAR10, IMAGENET, OWN = "tiny14", "cifar10", "imagenet", "own"

CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Class ids in the order of the logits, and the WordNet ids of each where it has some."""

    classes: tuple[str, ...]
    wordnet_ids: Mapping[str, tuple[str, ...]]


@cache
def imagenet() -> Vocabulary:
    """Return the 1000 classes of ImageNet-1k.

    Names are torchvision's, but for the one that another differs from in case alone.
    """
    rows = json.loads((assets() / "imagenet.json").read_text(encoding="utf-8"))
    return Vocabulary(
        tuple(name for _, name in rows),
        MappingProxyType({name: (wordnet_id,) for wordnet_id, name in rows}),
    )


def cifar10() -> Vocabulary:
    """Return the ten classes of CIFAR-10."""
    return Vocabulary(CIFAR10_CLASSES, MappingProxyType({}))
