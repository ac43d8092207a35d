"""What the bundled models are trained on: classes, titles, where the pictures come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advviz.data.classes import TINY14
from advviz.models import vocabularies


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One data set.

    Args:
        title: for people.
        source: what a model's record says of its origin.
        classes: class ids in the order of the logits.
        wordnet_ids: class id to the WordNet ids of the folders that it stands for.
        folders: what a recorded command calls the folders of the training images.
    """

    title: str
    source: str
    classes: Sequence[str]
    wordnet_ids: Mapping[str, Sequence[str]]
    folders: Sequence[str]


DATASETS: dict[str, Dataset] = {
    vocabularies.TINY14: Dataset(
        title="Tiny14",
        source="trained by the advviz project on 45 classes of Tiny ImageNet (Stanford CS231n)",
        classes=tuple(TINY14),
        wordnet_ids=TINY14,
        folders=("train",),
    ),
    vocabularies.CIFAR10: Dataset(
        title="CIFAR-10",
        source="trained by the advviz project on CIFAR-10 (Krizhevsky 2009)",
        classes=vocabularies.CIFAR10_CLASSES,
        wordnet_ids={},
        folders=("cifar10/train", "cifar10-lossless/train"),
    ),
}
