"""From a training run to the pair of files that ships: weights and record."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from advviz.errors import InvalidInputError
from advviz.training.datasets import DATASETS
from advviz.training.recipe import Recipe

LAYERS = {"flatten": 256, "layer1": 32, "layer2": 64, "layer3": 128, "layer4": 256}


def release(run: Path, recipe: Recipe, epoch: int, models: Path) -> Path:
    """Copy an epoch's weights into the folder of shipped models and write their record.

    Measured accuracies are added to the record by `python -m benchmarks.accuracies`.

    Args:
        run: folder of a training run, with `recipe.json` and `epoch-NN.safetensors`.
        recipe: the run's recipe.
        epoch: which epoch's averaged weights to ship.
        models: folder of the shipped models.

    Returns:
        The record's path.

    Raises:
        InvalidInputError: the run has no such epoch.
    """
    weights = run / f"epoch-{epoch:02d}.safetensors"
    if not weights.exists():
        raise InvalidInputError(f"{run} has no weights of epoch {epoch}; train further")
    trained = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
    models.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(weights, models / f"{recipe.name}.safetensors")
    path = models / f"{recipe.name}.json"
    record = _record(recipe, trained | {"released_epoch": epoch}, weights.read_bytes())
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return path


def _record(recipe: Recipe, trained: dict[str, Any], weights: bytes) -> dict[str, Any]:
    robust, dataset = recipe.eps > 0, DATASETS[recipe.dataset]
    images = " ".join(f"--images {folder}" for folder in dataset.folders)
    kind = f"robust, L2 eps {recipe.eps}" if robust else "standard"
    return {
        "id": recipe.name,
        "title": f"{dataset.title} {kind}",
        "architecture": recipe.architecture,
        "source": dataset.source,
        "licence": "MIT",
        "sha256": hashlib.sha256(weights).hexdigest(),
        "file": f"{recipe.name}.safetensors",
        "input_size": recipe.size,
        "mean": trained["mean"],
        "std": trained["std"],
        "classes": list(dataset.classes),
        "wordnet_ids": {name: list(ids) for name, ids in dataset.wordnet_ids.items()},
        "training_norm": "l2" if robust else None,
        "training_eps": recipe.eps,
        "recipe": {k: v for k, v in trained.items() if k not in ("mean", "std")},
        "command": f"advviz train {recipe.name} {images} --out runs/{recipe.name}",
        "accuracies": {},
        "layers": LAYERS,
    }
