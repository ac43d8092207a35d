"""`advviz lab training`: a network trained normally and against an attacker, side by side."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advviz.cli.cifar10_download import download
from advviz.cli.computing import check, computer
from advviz.cli.options import add_fields, given
from advviz.cli.outputs import check_folder, print_json, write_files
from advviz.data import cifar10
from advviz.evaluation.wilson import Share
from advviz.experiments.lab_training import CIFAR10, PARTNERS, LabTrainingSpec, kept
from advviz.experiments.links import to_link
from advviz.experiments.result import Result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz lab training`."""
    add_fields(parser, LabTrainingSpec)
    parser.add_argument(
        "--save",
        type=Path,
        metavar="DIR",
        help="keep both networks there, each as safetensors with its record; with "
        "ADVVIZ_MODELS=DIR every command and page knows them",
    )
    parser.add_argument(
        "--download",
        action="store_true",
        help="download CIFAR-10 (170 MB) for --data cifar10 if it is not on this machine",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def spec_of(args: argparse.Namespace) -> LabTrainingSpec:
    """Read the experiment that the words mean."""
    return LabTrainingSpec(**given(args, LabTrainingSpec))


def execute(args: argparse.Namespace) -> int:
    """Train and judge both, keep them if asked to, print what was found."""
    spec = spec_of(args)
    if args.save is not None:
        check_folder(args.save)
    if args.download and spec.data == CIFAR10 and not cifar10.is_here():
        download()
    check(spec)
    with computer() as compute:
        result = compute(spec)
    if args.save is not None:
        _save(spec, result, args.save)
    if args.json:
        print_json(facts(spec, result))
    else:
        print(_told(spec, result))
    return 0


def facts(spec: LabTrainingSpec, result: Result) -> dict[str, Any]:
    """Say what was found, as JSON has it."""
    found = result.facts
    both = {name: _of(found, place) for place, name in enumerate(PARTNERS)}
    return {
        **both,
        "n": found["n"],
        "judge": found["judge"],
        "collapse": found["collapse"],
        "curves": {
            name: {curve: _row(result, curve, place) for curve in ("clean", "own", "judged")}
            for place, name in enumerate(PARTNERS)
        },
        "trained_on": found["trained_on"],
        "watched": found["watched"],
        "seconds": found["seconds"],
        "link": to_link(spec),
    }


def _of(found: Mapping[str, Any], place: int) -> dict[str, Any]:
    n = found["n"]
    return {
        "clean_accuracy": Share(found["clean"][place], n).as_dict(),
        "attacked_accuracy": Share(found["robust"][place], n).as_dict(),
        "by_attack": {
            name: Share(counts[place], n).as_dict() for name, counts in found["attacks"].items()
        },
    }


def _row(result: Result, curve: str, place: int) -> list[float]:
    return [round(float(value), 4) for value in result.arrays[curve][place]]


def _told(spec: LabTrainingSpec, result: Result) -> str:
    found = result.facts
    n, judge = found["n"], ", ".join(found["attacks"])
    strength = f"L-inf {255 * spec.eps:.4g}/255" if spec.norm == "linf" else f"L2 {spec.eps:g}"
    lines = [f"{n} held-out images; attacked: right under every one of {judge}, {strength}"]
    for place, name in enumerate(PARTNERS):
        clean, robust = Share(found["clean"][place], n), Share(found["robust"][place], n)
        lines.append(f"{name:9} clean {clean}; attacked {robust}")
    fell = found["collapse"]
    if fell is not None:
        lines.append(
            f"collapse  after epoch {fell['epoch']}: right under the judge "
            f"{fell['before']:.1%} -> {fell['after']:.1%}, under the attack trained with "
            f"{fell['own']:.1%}; stopping early keeps epoch {fell['best']}"
        )
    return "\n".join(lines)


def _save(spec: LabTrainingSpec, result: Result, folder: Path) -> None:
    """Write both networks and their records, all or none."""
    from advviz.labs.trained import saved

    files: dict[Path, bytes] = {}
    for name in PARTNERS:
        described, state = kept(spec, result, name)
        pair = saved(described, f"{described.id}-{name}", state)
        files |= {folder / file: data for file, data in pair.items()}
    write_files(files)
