"""`advviz lab features`: bugs or features? Train on mislabelled adversarial examples alone."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from advviz.cli.cifar10_download import download
from advviz.cli.computing import computer
from advviz.cli.options import add_fields, given
from advviz.cli.outputs import check_file, print_json, write_files
from advviz.data import cifar10
from advviz.experiments.features import FeaturesSpec, table
from advviz.experiments.links import to_link
from advviz.experiments.result import Result

WORDS = {
    "clean_accuracy": "first classifier, true labels",
    "fooled": "training images it got right that the attack flipped",
    "mislabelled_training": "new classifier, mislabelled adversarial examples alone",
    "control_random": "control, moved as far at random, same wrong labels",
    "control_flipped": "control, not moved, same wrong labels",
}
"""The measures that are printed, in words; all but the share fooled are on clean test images."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz lab features`."""
    add_fields(parser, FeaturesSpec)
    parser.add_argument(
        "--download",
        action="store_true",
        help="download CIFAR-10 (170 MB) for --data cifar10 if it is not on this machine",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE.csv", help="write every seed's numbers")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def spec_of(args: argparse.Namespace) -> FeaturesSpec:
    """Read the experiment that the words mean."""
    return FeaturesSpec(**given(args, FeaturesSpec))


def execute(args: argparse.Namespace) -> int:
    """Train, attack, train on what was mislabelled, and print how that does on clean images."""
    spec = spec_of(args)
    if args.csv is not None:
        check_file(args.csv, ".csv")
    if args.download and spec.data == "cifar10" and not cifar10.is_here():
        download()
    with computer() as compute:
        result = compute(spec)
    if args.csv is not None:
        write_files({args.csv: table(spec, result).encode()})
    if args.json:
        print_json({**result.facts, "settings": asdict(spec), "link": to_link(spec)})
        return 0
    print(_told(result))
    return 0


def _told(result: Result) -> str:
    facts = result.facts
    lines = [_line(words, facts[name]) for name, words in WORDS.items()]
    if facts["said"]:
        lines.append(str(facts["said"]))
    return "\n".join([*lines, f"on {facts['test_images']} clean test images; {facts['interval']}"])


def _line(words: str, measured: dict[str, Any] | None) -> str:
    if measured is None:
        return f"    –                   {words}"
    low, high = (f"{100 * measured[end]:.1f}" for end in ("low", "high"))
    return f"{measured['value']:7.1%} [{low:>5}, {high:>5}]  {words}"
