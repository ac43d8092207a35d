"""`advviz board`: the page Compare as one picture, for a standard and a robust model."""

import argparse
from dataclasses import replace
from typing import Any

from advviz import pictures
from advviz.cli.attack_options import add_attack_fields, given_with_attack
from advviz.cli.computing import Compute, check, computer
from advviz.cli.inputs import class_named, image_reference, whole_number
from advviz.cli.options import IMAGE_HELP
from advviz.cli.outputs import distances, print_json, said, verdict
from advviz.cli.sheets import add_sheet_options, check_sheet_options, keeping, write_sheet
from advviz.experiments.board import BoardSpec, Row
from advviz.experiments.links import to_link
from advviz.experiments.parameters import UNTARGETED
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result
from advviz.models.records import record

COLUMNS = ("original", "change ×{gain}", "attacked", "gradient", "SmoothGrad", "favourite image")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz board`."""
    parser.add_argument(
        "image",
        nargs="?",
        default=argparse.SUPPRESS,
        metavar="IMAGE",
        help=f"{IMAGE_HELP}; the gallery's cat if none is given",
    )
    add_attack_fields(parser, BoardSpec)
    parser.add_argument(
        "--gain", default="10", metavar="N", help="times the change is drawn (default %(default)s)"
    )
    add_sheet_options(parser, "board.png")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def spec_of(args: argparse.Namespace) -> BoardSpec:
    """Read the experiment; image and class are still as the words have them."""
    return BoardSpec(**given_with_attack(args, BoardSpec))


def execute(args: argparse.Namespace) -> int:
    """Compute the board, write it, print the verdicts."""
    spec = spec_of(args)
    gain = whole_number("gain", args.gain, 1, 1000)
    check_sheet_options(args)
    target = class_named(spec.standard, spec.target, UNTARGETED)
    spec = replace(spec, image=image_reference(spec.image), target=target)
    for wanted in spec.specs():
        check(wanted)
    models = (spec.standard, spec.robust)
    rows, facts = [], []
    found: dict[Spec, Result] = {}
    with computer() as compute:
        for row, model in zip(spec.rows(), models, strict=True):
            shown, fact = _row(row, model, gain, keeping(compute, found))
            rows.append(shown)
            facts.append(fact)
    labels = [
        f"{model}: {said(fact['adversarial'])}" for model, fact in zip(models, facts, strict=True)
    ]
    columns = [column.format(gain=gain) for column in COLUMNS]
    write_sheet(args, rows, found, row_labels=labels, column_labels=columns)
    if args.json:
        print_json({"rows": facts, "link": to_link(spec), "out": str(args.out)})
    else:
        print("\n".join([*labels, str(args.out)]))
    return 0


def _row(row: Row, model: str, gain: int, compute: Compute) -> tuple[list[Any], dict[str, Any]]:
    """Compute one model's row: its pictures in the order of the columns, and its verdicts."""
    attack = compute(row.attack)
    before, after = attack.arrays["original"], attack.arrays["adversarial"]
    shown = [
        pictures.photo(before),
        pictures.perturbation(before, after, gain),
        pictures.photo(after),
        pictures.absolute_ink(compute(row.gradient).arrays["gradient"]),
        pictures.absolute_ink(compute(row.smoothgrad).arrays["gradient"]),
        pictures.photo(compute(row.favourite).arrays["picture"]),
    ]
    classes = record(model).classes
    return shown, {
        "model": model,
        "original": verdict(attack.arrays["original_logits"], classes),
        "adversarial": verdict(attack.arrays["logits"], classes),
        "success": attack.facts["success"],
        "distance": distances(attack.facts),
    }
