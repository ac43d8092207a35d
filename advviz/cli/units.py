"""`advviz units`: which units of a layer an attack turned on and off."""

import argparse
from pathlib import Path
from typing import Any

from advviz import pictures
from advviz.cli.computing import check, computer
from advviz.cli.inputs import image_reference
from advviz.cli.options import add_question, given
from advviz.cli.outputs import check_file, npz, print_json, said, verdict, write_files
from advviz.errors import InvalidInputError
from advviz.experiments.links import to_link
from advviz.experiments.responses import cropped, ranked
from advviz.experiments.result import Result
from advviz.experiments.turned_units import UnitsSpec
from advviz.models.records import record

SAMPLES = 5
"""Sample pictures that are named for each unit."""
LIMITS = (
    "A unit that moved need not have moved the answer: nothing here was held fixed to see what "
    "follows from it, and a unit is seldom about one thing."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz units`."""
    add_question(parser, UnitsSpec)
    parser.add_argument(
        "--out", type=Path, metavar="FILE.png", help="draw each unit's strongest crops as a sheet"
    )
    parser.add_argument("--npz", type=Path, metavar="FILE.npz", help="write the exact arrays")


def spec_of(args: argparse.Namespace) -> UnitsSpec:
    """Read the experiment; the image is still as the words have it."""
    return UnitsSpec(**given(args, UnitsSpec))


def execute(args: argparse.Namespace) -> int:
    """Look, write what is asked for, print the units."""
    for path, suffix in ((args.out, ".png"), (args.npz, ".npz")):
        if path is not None:
            check_file(path, suffix)
    spec = spec_of(args)
    spec = UnitsSpec(**{**given(args, UnitsSpec), "image": image_reference(spec.image)})
    check(spec)
    with computer() as compute:
        result, seen = compute(spec), compute(spec.responses)
    files = {} if args.npz is None else {args.npz: npz(result.arrays)}
    if args.out is not None:
        files[args.out] = _sheet(result, seen)
    write_files(files)
    if args.json:
        print_json(_facts(spec, result, seen))
    else:
        print(_words(spec, result, seen))
    return 0


def _facts(spec: UnitsSpec, result: Result, seen: Result) -> dict[str, Any]:
    classes = record(spec.model).classes
    before, after = (verdict(logits, classes) for logits in result.arrays["logits"])
    turned = {way: [_told(result, seen, u) for u in result.facts[way]] for way in ("on", "off")}
    facts = {name: value for name, value in result.facts.items() if name not in turned}
    return {
        "model": spec.model, **facts, "before": before, "after": after, **turned,
        "cannot_tell": LIMITS, "link": to_link(spec),
    }  # fmt: skip


def _told(result: Result, seen: Result, unit: int) -> dict[str, Any]:
    """Tell of one unit: its change, and the sample pictures that it answers to most."""
    names = ("before", "after", "mean", "spread")
    return {
        "unit": unit,
        "score": float(result.arrays["scores"][unit]),
        **{name: float(result.arrays[name][unit]) for name in names},
        "strongest": [seen.facts["names"][int(row)] for row in ranked(seen, unit)[:SAMPLES]],
    }


def _words(spec: UnitsSpec, result: Result, seen: Result) -> str:
    facts = _facts(spec, result, seen)
    lines = [
        f"{facts['layer']}: {facts['units']} units, {facts['silent']} silent; "
        f"{said(facts['before'])} before, {said(facts['after'])} after; L2 {facts['l2']:.4g}",
        f"moved most: {facts['largest']:.2f} spreads; noise of the same size moves no unit by "
        f"more than {facts['noise_largest']:.2f}: {facts['beyond_noise']} units are beyond it",
    ]
    for way in ("on", "off"):
        lines += [f"turned {way}", *(_line(told) for told in facts[way])]
    return "\n".join((*lines, LIMITS))


def _line(told: dict[str, Any]) -> str:
    return (
        f"{told['unit']:>6}  {told['score']:+6.2f} spreads  {told['before']:.3g} → "
        f"{told['after']:.3g}  strongest: {', '.join(told['strongest'])}"
    )


def _sheet(result: Result, seen: Result) -> bytes:
    """Draw the strongest crops of each unit, a row a unit."""
    units = [(way, unit) for way in ("on", "off") for unit in result.facts[way]]
    if not units:
        raise InvalidInputError("no unit was moved, so there is none to draw; leave --out away")
    rows = [[int(row) for row in ranked(seen, unit)[:SAMPLES]] for _, unit in units]
    return pictures.png(
        pictures.sheet(
            [
                [cropped(seen, row, unit).transpose(1, 2, 0) for row in shown]
                for (_, unit), shown in zip(units, rows, strict=True)
            ],
            row_labels=[
                f"unit {unit}, turned {way}: {result.arrays['scores'][unit]:+.1f} spreads"
                for way, unit in units
            ],
            captions=[[str(seen.facts["names"][row]) for row in shown] for shown in rows],
        )
    )
