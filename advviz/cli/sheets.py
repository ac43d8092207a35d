"""What the commands share that draw many pictures as one: on screen or on paper, and exactly."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from advviz import pictures
from advviz.cli.computing import Compute
from advviz.cli.outputs import check_file, npz, write_files
from advviz.experiments import together
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result
from advviz.pictures.prints import printed


def add_sheet_options(parser: argparse.ArgumentParser, name: str) -> None:
    """Declare where a sheet goes, if not to the given name, and how it is drawn."""
    parser.add_argument(
        "--out", type=Path, default=Path(name), metavar="FILE.png", help="(%(default)s)"
    )
    parser.add_argument(
        "--paper",
        action="store_true",
        help="draw it for print: 300 dots an inch, at most as wide as an A4 page on its side",
    )
    parser.add_argument(
        "--npz", type=Path, metavar="FILE.npz", help="the exact arrays and their links as well"
    )


def check_sheet_options(args: argparse.Namespace) -> None:
    """Raise InvalidInputError where a file cannot be written, before anything is computed."""
    check_file(args.out, ".png")
    if args.npz is not None:
        check_file(args.npz, ".npz")


def keeping(compute: Compute, found: dict[Spec, Result]) -> Compute:
    """Compute as before, and keep every result."""

    def kept(spec: Spec) -> Result:
        found[spec] = compute(spec)
        return found[spec]

    return kept


def write_sheet(
    args: argparse.Namespace,
    rows: Sequence[Sequence[Any]],
    found: Mapping[Spec, Result],
    **labels: Any,
) -> None:
    """Write the sheet, and the arrays where they are asked for.

    Args:
        args: of the command.
        rows: uint8 [H, W, 3] pictures, row by row.
        found: every result that is on it.
        labels: of `pictures.sheet`.
    """
    drawn = printed(rows, **labels) if args.paper else pictures.png(pictures.sheet(rows, **labels))
    files = {args.out: drawn}
    if args.npz is not None:
        files[args.npz] = npz(together.arrays(found))
    write_files(files)
