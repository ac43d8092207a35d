"""Where labelled images come from: a folder, a torchvision data set on disk, or the gallery."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from PIL import Image

from advviz.data import gallery, images
from advviz.data.folders import centre_square, labelled_files, read_pixels
from advviz.errors import InvalidInputError
from advviz.experiments.references import true_class
from advviz.experiments.result import Array
from advviz.models.classes import known_class
from advviz.models.records import ModelRecord

GALLERY = "gallery"
TORCHVISION = "torchvision:"
SPLITS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "CIFAR10": {"train": False},
        "CIFAR100": {"train": False},
        "STL10": {"split": "test"},
        "Imagenette": {"split": "val"},
        "ImageNet": {"split": "val"},
    }
)
"""The part of each of torchvision's data sets that nothing is trained on."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Labelled images, in a fixed order; nothing is read yet but their names.

    Args:
        names: what `read` takes.
        groups: the folder, or the class, of each.
        labels: by model id, the class index of each.
        skipped: folders or classes that not every model knows.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    labels: Mapping[str, tuple[int, ...]]
    skipped: tuple[str, ...]

    def __len__(self) -> int:
        """Count the images."""
        return len(self.names)


Row = tuple[str, str, dict[str, int]]
"""Name, group, and class index by the id of each model that knows the class."""


def listed(source: str, models: Sequence[ModelRecord]) -> Listing:
    """List the images whose classes all of some models know.

    Args:
        source: a folder with one folder a class, `torchvision:NAME:FOLDER`, or `gallery`.
        models: those that are to be measured.

    Raises:
        InvalidInputError: no such source, or no image of a class that all of the models know.
    """
    rows: list[Row]
    skipped: list[str]
    if source == GALLERY:
        rows, skipped = list(_of_gallery(models)), []
    elif source.startswith(TORCHVISION):
        rows, skipped = _of_torchvision(source, models)
    else:
        rows, skipped = _of_folder(Path(source), models)
    known = [row for row in rows if len(row[2]) == len({model.id for model in models})]
    skipped += sorted({row[1] for row in rows} - {row[1] for row in known})
    if not known:
        raise InvalidInputError(
            f"{source} has no image of a class that all of the models know; "
            "measure models of one vocabulary together"
        )
    return Listing(
        tuple(name for name, _, _ in known),
        tuple(group for _, group, _ in known),
        MappingProxyType(
            {model.id: tuple(labels[model.id] for _, _, labels in known) for model in models}
        ),
        tuple(dict.fromkeys(skipped)),
    )


def read(source: str, name: str, size: int) -> Array:
    """Read an image as float32 [3, size, size] in [0, 1]; centre crop and resize if need be.

    Raises:
        InvalidInputError: it is gone, or no image.
    """
    if source == GALLERY:
        return images.load(name, size).pixels
    if source.startswith(TORCHVISION):
        levels = _square(_dataset(source)[int(name)][0], size)
    else:
        levels = read_pixels(Path(source) / name, size)
    pixels: Array = levels.astype(np.float32) / np.float32(255)
    return pixels


def _of_folder(folder: Path, models: Sequence[ModelRecord]) -> tuple[list[Row], list[str]]:
    """List an ImageFolder as every model sees it."""
    rows: dict[Path, Row] = {}
    skipped: list[str] = []
    for model in models:
        files = labelled_files(folder, model.classes, model.wordnet_ids)
        for path, label, group in zip(files.paths, files.labels, files.groups, strict=True):
            name = path.relative_to(folder).as_posix()
            rows.setdefault(path, (name, group, {}))[2][model.id] = label
        skipped += files.skipped
    return list(rows.values()), skipped


def _of_gallery(models: Sequence[ModelRecord]) -> Iterator[Row]:
    """List the pictures whose class some of the models know, and that none receives enlarged."""
    for sample in gallery.samples(max(model.input_size for model in models)):
        name = f"{images.SAMPLE_PREFIX}{sample.id}"
        shown = {model.id: true_class(name, model) for model in models}
        labels = {m.id: m.class_index(known) for m in models if (known := shown[m.id]) is not None}
        if labels:
            yield name, next(known for known in shown.values() if known is not None), labels


def _of_torchvision(source: str, models: Sequence[ModelRecord]) -> tuple[list[Row], list[str]]:
    """List a data set of torchvision by the names, or WordNet ids, of its classes."""
    dataset = _dataset(source)
    named = list(getattr(dataset, "wnids", dataset.classes))
    groups = [name if isinstance(name, str) else name[0] for name in named]
    meant = {model.id: [known_class(model, (name,)) for name in groups] for model in models}
    targets = getattr(dataset, "targets", getattr(dataset, "labels", None))
    if targets is None:
        targets = [label for _, label in getattr(dataset, "_samples", ())]
    rows: list[Row] = []
    for row, target in enumerate(targets):
        known = {model.id: meant[model.id][int(target)] for model in models}
        labels = {m.id: m.class_index(name) for m in models if (name := known[m.id]) is not None}
        rows.append((str(row), groups[int(target)], labels))
    return [row for row in rows if row[2]], sorted(
        {group for _, group, labels in rows if not labels}
    )


@lru_cache(4)
def _dataset(source: str) -> Any:
    """Open a data set of torchvision that is on disk; nothing is downloaded."""
    name, _, folder = source.removeprefix(TORCHVISION).partition(":")
    if name not in SPLITS or not folder:
        raise InvalidInputError(
            f"a torchvision data set must be torchvision:NAME:FOLDER with NAME one of "
            f"{', '.join(SPLITS)}, got {source[:80]!r}"
        )
    from torchvision import datasets

    try:
        return getattr(datasets, name)(folder, **SPLITS[name])
    except Exception as error:  # each data set fails in a way of its own
        raise InvalidInputError(
            f"{name} could not be opened in {folder}: {' '.join(str(error).split())[:200]}; "
            "put the data set there first"
        ) from error


def _square(image: Image.Image, size: int) -> np.ndarray:
    """Return an image as uint8 [3, size, size], cut and resized as a folder's are."""
    image = image.convert("RGB")
    if image.size != (size, size):
        image = centre_square(image).resize((size, size), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))
