"""The catalogue of models: those that ship, the zoo, the user's own."""

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from advviz.errors import UnknownNameError
from advviz.models.by_name import named
from advviz.models.model_record import ModelRecord
from advviz.models.randomized import MARK, randomized
from advviz.models.registry import registry
from advviz.models.uploaded import PREFIX, holder
from advviz.models.vocabularies import CIFAR10, TINY14
from advviz.models.zoo import zoo
from advviz.resources import assets

if TYPE_CHECKING:
    from advviz.models.own import OwnModels

__all__ = ["ModelRecord", "bundled", "catalogue", "own_models", "pair", "read_record", "record"]

DATASETS = (TINY14, CIFAR10)
"""Whose bundled models come first."""


def read_record(path: Path) -> ModelRecord:
    """Read the record of a bundled model: its family and vocabulary are its data set's."""
    values = json.loads(path.read_text(encoding="utf-8"))
    for name in ("mean", "std", "classes"):
        values[name] = tuple(values[name])
    values["wordnet_ids"] = {k: tuple(v) for k, v in values["wordnet_ids"].items()}
    dataset = values["recipe"].get("dataset", "own")
    return ModelRecord(**{"family": dataset, "vocabulary": dataset} | values)


@cache
def bundled() -> Mapping[str, ModelRecord]:
    """Return the records of the models that ship, by id: data set by data set, by training eps."""
    found = [read_record(path) for path in sorted((assets() / "models").glob("*.json"))]
    found.sort(key=lambda r: (DATASETS.index(r.family), r.training_eps, r.id))
    return MappingProxyType({r.id: r for r in found})


def pair(dataset: str = TINY14) -> tuple[ModelRecord, ModelRecord]:
    """Return the standard and the robust model that ship for a data set and are compared."""
    return bundled()[f"{dataset}-standard"], bundled()[f"{dataset}-robust-l2"]


@cache
def own_models() -> "OwnModels":
    """Read the user's folder of models, once: what changes there later is seen after a restart."""
    from advviz.models.downloads import models_folder
    from advviz.models.own import read_folder

    return read_folder(models_folder(), {**bundled(), **zoo()})


def catalogue() -> Mapping[str, ModelRecord]:
    """Return the records of all models by id: those that ship, the zoo, the user's own."""
    return _merged(len(registry().records))


@lru_cache(1)
def _merged(_registered: int) -> Mapping[str, ModelRecord]:
    return MappingProxyType({**bundled(), **zoo(), **own_models().records, **registry().records})


def record(model: str) -> ModelRecord:
    """Look a model up: in the catalogue, among the uploads, or by its library's own name.

    A name that ends in "@random-SEED" stands for the same architecture with random weights, one
    that ends in "@random-SEED-from-LAYER" for a copy whose last layers have them.

    Raises:
        UnknownNameError: no such model; the message lists those that ship.
    """
    if MARK in model:
        trained, _, words = model.partition(MARK)
        return randomized(record(trained), words)
    if model.startswith(PREFIX):
        return holder(model).record(model)
    found = catalogue().get(model)
    if found is None and ":" in model:
        return named(model)
    if found is None:
        raise UnknownNameError(
            f"no model is called {model[:80]!r}; there are {', '.join(bundled())} and those that "
            "`advviz models` lists"
        )
    return found
