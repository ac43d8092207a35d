"""`advviz responses`: what every unit of a layer answers to sample images, and where in them."""

import argparse
from pathlib import Path
from typing import Any

from advviz import pictures
from advviz.cli.computing import check, computer
from advviz.cli.inputs import whole_number
from advviz.cli.options import add_fields, given
from advviz.cli.outputs import check_file, npz, print_json, write_files
from advviz.errors import InvalidInputError
from advviz.experiments.links import to_link
from advviz.experiments.responses import ResponsesSpec, cropped, never_active, ranked, strongest
from advviz.experiments.result import Result

MOST = 256
"""Pictures of a set at most, and so of a ranking."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz responses`."""
    add_fields(parser, ResponsesSpec)
    parser.add_argument("--unit", metavar="N", help="tell of this unit alone")
    parser.add_argument(
        "--count", default="5", metavar="K", help="strongest and weakest crops (default 5)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE.png", help="with --unit: draw its crops as a sheet"
    )
    parser.add_argument("--npz", type=Path, metavar="FILE.npz", help="write the exact arrays")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def spec_of(args: argparse.Namespace) -> ResponsesSpec:
    """Read the experiment that the words mean."""
    return ResponsesSpec(**given(args, ResponsesSpec))


def execute(args: argparse.Namespace) -> int:
    """Show the pictures to the network, write what is asked for, print what each unit answers."""
    spec, count = spec_of(args), whole_number("count", args.count, 1, MOST)
    for path, suffix in ((args.out, ".png"), (args.npz, ".npz")):
        if path is not None:
            check_file(path, suffix)
    if args.out is not None and args.unit is None:
        raise InvalidInputError("a sheet is of one unit; give its number with --unit")
    check(spec)
    with computer() as compute:
        result = compute(spec)
    units = range(len(strongest(result)))
    if args.unit is not None:
        units = range(whole_number("unit", args.unit, 0, len(units) - 1), len(units))[:1]
    files = {} if args.npz is None else {args.npz: npz(result.arrays)}
    if args.out is not None:
        files[args.out] = _sheet(result, units[0], count)
    write_files(files)
    told = [_told(result, unit, count) for unit in units]
    if args.json:
        facts = {name: value for name, value in result.facts.items() if name != "names"}
        print_json({"model": spec.model, **facts, "units": told, "link": to_link(spec)})
    else:
        _print(result, told)
    return 0


def _ends(result: Result, unit: int, count: int) -> dict[str, list[int]]:
    """List the pictures that a unit answers to most, and least, each beginning with the end."""
    order = [int(row) for row in ranked(result, unit)]
    return {"strongest": order[:count], "weakest": order[::-1][:count]}


def _told(result: Result, unit: int, count: int) -> dict[str, Any]:
    arrays, names = result.arrays, result.facts["names"]
    told = {
        end: [
            {
                "image": names[row],
                "largest": float(arrays["maxima"][row, unit]),
                "mean": float(arrays["means"][row, unit]),
                "top_left": [int(number) for number in arrays["corners"][row, unit]],
            }
            for row in rows
        ]
        for end, rows in _ends(result, unit, count).items()
    }
    return {"unit": unit, "never_active": bool(never_active(result)[unit]), **told}


def _sheet(result: Result, unit: int, count: int) -> bytes:
    ends = _ends(result, unit, count)
    return pictures.png(
        pictures.sheet(
            [[cropped(result, row, unit).transpose(1, 2, 0) for row in r] for r in ends.values()],
            row_labels=[f"unit {unit}: {end}" for end in ends],
            captions=[
                [f"{result.facts['names'][row]} {result.arrays['maxima'][row, unit]:.3g}"
                 for row in rows]
                for rows in ends.values()
            ],
        )
    )  # fmt: skip


def _print(result: Result, told: list[dict[str, Any]]) -> None:
    facts = result.facts
    print(
        f"{facts['layer']}: {result.arrays['maxima'].shape[1]} units, {len(facts['names'])} "
        f"pictures, crops of {facts['crop']} pixels; a position can see {facts['field']}; "
        f"never active: {int(never_active(result).sum())}"
    )
    for unit in told:
        ends = (
            f"{end} " + ", ".join(f"{each['image']} {each['largest']:.3g}" for each in unit[end])
            for end in ("strongest", "weakest")
        )
        print(f"{unit['unit']:>5}  {'; '.join(ends)}")
