"""`advviz atlas`: what excites every unit of a layer, as one sheet."""

import argparse
from pathlib import Path

from advviz import pictures
from advviz.cli.computing import check, computer
from advviz.cli.options import add_fields, given
from advviz.cli.outputs import check_file, npz, print_json, write_files
from advviz.experiments.atlas import AtlasSpec, numbered
from advviz.experiments.links import to_link


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz atlas`."""
    add_fields(parser, AtlasSpec)
    parser.add_argument(
        "--out", type=Path, default=Path("atlas.png"), metavar="FILE.png", help="(%(default)s)"
    )
    parser.add_argument("--npz", type=Path, metavar="FILE.npz", help="the exact arrays as well")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def spec_of(args: argparse.Namespace) -> AtlasSpec:
    """Read the experiment that the words mean."""
    return AtlasSpec(**given(args, AtlasSpec))


def execute(args: argparse.Namespace) -> int:
    """Draw every unit, write the sheet, print how far the drawings rose."""
    spec = spec_of(args)
    check_file(args.out, ".png")
    if args.npz is not None:
        check_file(args.npz, ".npz")
    check(spec)
    with computer() as compute:
        result = compute(spec)
    files = {args.out: pictures.png(numbered(spec, result))}
    if args.npz is not None:
        files[args.npz] = npz(result.arrays)
    write_files(files)
    values, starts = (result.arrays[name].tolist() for name in ("values", "start_values"))
    if args.json:
        told = {"model": spec.model, **result.facts, "start_values": starts, "values": values}
        print_json({**told, "link": to_link(spec), "out": str(args.out)})
    else:
        rose = sum(value > start for value, start in zip(values, starts, strict=True))
        print(
            f"{result.facts['layer']}: {len(values)} of {result.facts['width']} units drawn, "
            f"{rose} rose above their start: {args.out}"
        )
    return 0
