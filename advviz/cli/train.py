"""`advviz train`: make the weights of a bundled model, or ship those of an epoch."""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from advviz.cli.computing import progress_bar
from advviz.cli.inputs import whole_number
from advviz.cli.outputs import check_folder
from advviz.data.folders import LabelledFiles, labelled_files
from advviz.errors import InvalidInputError
from advviz.models.architectures import slim_network
from advviz.models.loading import load_model
from advviz.models.records import record
from advviz.resources import assets
from advviz.training.batches import ImageSet, split
from advviz.training.datasets import DATASETS
from advviz.training.recipe import RECIPES, Recipe, recipe
from advviz.training.release import release
from advviz.training.trainer import Run, train
from advviz.training.whitening import whiten

DEVICES = ("cpu", "cuda")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz train`."""
    parser.add_argument(
        "recipe", metavar="MODEL", help=f"the model to make: {', '.join(sorted(RECIPES))}"
    )
    parser.add_argument(
        "--images",
        type=Path,
        action="append",
        metavar="FOLDER",
        help="training images, one folder a class; repeatable",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="log, checkpoints and weights"
    )
    parser.add_argument(
        "--release",
        metavar="EPOCH",
        help="train nothing; ship this epoch's weights of --out as the bundled model",
    )
    parser.add_argument("--device", default="cpu", metavar="cpu|cuda", help="(%(default)s)")
    parser.add_argument("--threads", metavar="N", help="CPU threads; all if not given")


def execute(args: argparse.Namespace) -> int:
    """Train, or resume where the folder's checkpoint stands; or release an epoch."""
    chosen = recipe(args.recipe)
    if args.release is not None:
        epoch = whole_number("release", args.release, 1, chosen.epochs)
        print(release(args.out, chosen, epoch, assets() / "models"))
        return 0
    if args.images is None:
        raise InvalidInputError("training needs --images, a folder with one folder a class")
    if args.device not in DEVICES or (args.device == "cuda" and not torch.cuda.is_available()):
        raise InvalidInputError(
            f"device must be one that this machine has, cpu or cuda, got {args.device!r}"
        )
    if args.threads is not None:
        torch.set_num_threads(whole_number("threads", args.threads, 1, 1024))
    check_folder(args.out)
    dataset = DATASETS[chosen.dataset]
    found = [labelled_files(f, dataset.classes, dataset.wordnet_ids) for f in args.images]
    _train(args, chosen, found)
    return 0


def _train(args: argparse.Namespace, chosen: Recipe, found: Sequence[LabelledFiles]) -> None:
    splits = [split(files, chosen) for files in found]
    count = sum(len(train_rows) for train_rows, _ in splits)
    if count < chosen.images_per_epoch:
        raise InvalidInputError(
            f"an epoch of {chosen.name} draws {chosen.images_per_epoch} images without "
            f"repetition, {', '.join(map(str, args.images))} has {count} to train on; "
            "give more images"
        )
    parts = [(files, *rows) for files, rows in zip(found, splits, strict=True)]
    data = ImageSet.joined([ImageSet.read(f, rows, chosen.size) for f, rows, _ in parts])
    validation = ImageSet.joined([ImageSet.read(f, rows, chosen.size) for f, _, rows in parts])
    mean, std = _normalization(chosen, data)
    args.out.mkdir(parents=True, exist_ok=True)
    run = _new_run(chosen, data, mean, std, args.device)
    _record_recipe(args.out, chosen, mean, std, len(data.labels), len(validation.labels))
    with progress_bar(total=chosen.steps, unit="step", desc=chosen.name) as bar:
        train(run, data, validation, args.out, _bar_report(bar))


def _normalization(chosen: Recipe, data: ImageSet) -> tuple[list[float], list[float]]:
    if chosen.starts_from is None:
        return data.mean_and_std()
    described = record(chosen.starts_from)
    return list(described.mean), list(described.std)


def _bar_report(bar: Any) -> Callable[[int, int, float], None]:
    def report(done: int, total: int, loss: float) -> None:
        bar.total = total
        bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
        bar.update(done - bar.n)

    return report


def _new_run(
    chosen: Recipe, data: ImageSet, mean: list[float], std: list[float], device: str
) -> Run:
    shape = (len(DATASETS[chosen.dataset].classes), chosen.size, mean, std)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(chosen.seed)
        networks = [slim_network(chosen.architecture, *shape) for _ in range(2)]
    for network in networks:
        if chosen.starts_from is None:
            whiten(network.patches, data, mean, std, chosen.whitening)
        else:
            network.load_state_dict(load_model(chosen.starts_from).state_dict())
        network.to(device).to(memory_format=torch.channels_last)
    return Run.start(chosen, *networks)


def _record_recipe(
    out: Path, chosen: Recipe, mean: list[float], std: list[float], trained: int, held: int
) -> None:
    made: dict[str, object] = {
        **chosen.as_dict(),
        "mean": mean,
        "std": std,
        "training_images": trained,
        "validation_images": held,
        "torch": torch.__version__,
    }
    if chosen.starts_from is not None:
        made["started_from_sha256"] = record(chosen.starts_from).sha256
    (out / "recipe.json").write_text(json.dumps(made, indent=2) + "\n")
