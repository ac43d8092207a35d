"""`advviz lab`: train small networks of one's own, and see what that shows."""

import argparse
from importlib import import_module
from types import ModuleType
from typing import Any

LABS = {
    "features": "bugs or features? train on mislabelled adversarial examples alone",
    "training": "train a robust model: normally and against an attacker, side by side",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the labs, each with its own options."""
    labs = parser.add_subparsers(dest="lab", metavar="LAB", required=True)
    for name, words in LABS.items():
        chosen = labs.add_parser(name, help=words, description=words, allow_abbrev=False)
        _lab(name).add_arguments(chosen)


def spec_of(args: argparse.Namespace) -> Any:
    """Read the experiment of the lab that is named."""
    return _lab(args.lab).spec_of(args)


def execute(args: argparse.Namespace) -> int:
    """Run the lab that is named."""
    code: int = _lab(args.lab).execute(args)
    return code


def _lab(name: str) -> ModuleType:
    """Import the module of a lab: it has `add_arguments`, `spec_of` and `execute`."""
    return import_module(f"advviz.cli.lab_{name}")
