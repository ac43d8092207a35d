"""The bundled models: what each is, where it came from, and what was measured of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from advviz.errors import UnknownNameError
from advviz.resources import assets


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """All that is known of a model but its weights.

    Args:
        id: name in links and on the command line.
        title: name for people.
        architecture: name of the network's class.
        source: where the weights come from.
        licence: of the weights.
        sha256: of the weights file.
        file: name of the weights file, beside the record.
        input_size: height and width in pixels.
        mean: of the normalization, per channel.
        std: of the normalization, per channel.
        classes: class ids in the order of the logits.
        wordnet_ids: class id to the WordNet ids of the folders that it stands for.
        training_norm: norm of the training attack; None for a standard model.
        training_eps: radius of the training attack, pixels in [0, 1]; 0 for a standard one.
        recipe: every setting of the training run.
        command: that made the weights.
        accuracies: what was measured, each with n, value, low, high, and the command.
        layers: named layers offered for feature visualization, with their channel counts.
    """

    id: str
    title: str
    architecture: str
    source: str
    licence: str
    sha256: str
    file: str
    input_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: tuple[str, ...]
    wordnet_ids: Mapping[str, tuple[str, ...]]
    training_norm: str | None
    training_eps: float
    recipe: Mapping[str, Any]
    command: str
    accuracies: Mapping[str, Any]
    layers: Mapping[str, int]

    @property
    def is_robust(self) -> bool:
        """Say whether the model was trained against an attacker."""
        return self.training_norm is not None

    @property
    def weights(self) -> Path:
        """Locate the weights file."""
        return assets() / "models" / self.file

    def class_index(self, name: str) -> int:
        """Return the logit of a class.

        Raises:
            UnknownNameError: the model knows no such class.
        """
        if name not in self.classes:
            raise UnknownNameError(
                f"{self.id} knows no class {name!r}; it knows {', '.join(self.classes)}"
            )
        return self.classes.index(name)

    def as_dict(self) -> dict[str, Any]:
        """Return every field as JSON has it."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}


def _read(path: Path) -> ModelRecord:
    values = json.loads(path.read_text(encoding="utf-8"))
    for name in ("mean", "std", "classes"):
        values[name] = tuple(values[name])
    values["wordnet_ids"] = {k: tuple(v) for k, v in values["wordnet_ids"].items()}
    return ModelRecord(**values)


@cache
def catalogue() -> Mapping[str, ModelRecord]:
    """Return the records of all models, by id; the standard one of a pair comes first."""
    found = [_read(path) for path in sorted((assets() / "models").glob("*.json"))]
    found.sort(key=lambda r: (r.is_robust, r.training_eps, r.id))
    return MappingProxyType({r.id: r for r in found})


def record(model: str) -> ModelRecord:
    """Look a model up.

    Raises:
        UnknownNameError: no such model; the message lists those there are.
    """
    if model not in catalogue():
        raise UnknownNameError(f"no model is called {model!r}; there are {', '.join(catalogue())}")
    return catalogue()[model]
