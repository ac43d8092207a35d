"""`advviz ladder`: an attack, its maps and favourite images on every rung, as one picture."""

import argparse
from dataclasses import replace
from typing import Any

from advviz import pictures
from advviz.cli.attack_options import add_attack_fields, given_with_attack
from advviz.cli.computing import Compute, check, computer
from advviz.cli.inputs import image_reference
from advviz.cli.options import IMAGE_HELP
from advviz.cli.outputs import distances, print_json, said, verdict
from advviz.cli.sheets import add_sheet_options, check_sheet_options, keeping, write_sheet
from advviz.experiments.ladder import LadderSpec
from advviz.experiments.links import to_link
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result
from advviz.models.records import ModelRecord

ROWS = ("gradient", "SmoothGrad", "attacked", "favourite image")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz ladder`."""
    parser.add_argument(
        "image",
        nargs="?",
        default=argparse.SUPPRESS,
        metavar="IMAGE",
        help=f"{IMAGE_HELP}; the gallery's cat if none is given",
    )
    add_attack_fields(parser, LadderSpec)
    add_sheet_options(parser, "ladder.png")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def spec_of(args: argparse.Namespace) -> LadderSpec:
    """Read the experiment that the words mean; the image is still a file's name."""
    return LadderSpec(**given_with_attack(args, LadderSpec))


def execute(args: argparse.Namespace) -> int:
    """Compute every rung, write the sheet with a column a rung, print the verdicts."""
    spec = spec_of(args)
    check_sheet_options(args)
    rungs = spec.rungs
    spec = replace(spec, image=image_reference(spec.image))
    for wanted in spec.specs():
        check(wanted)
    found: dict[Spec, Result] = {}
    with computer() as compute:
        kept = keeping(compute, found)
        columns = [_column(spec, described, kept) for described in rungs]
    shown, captions, facts = zip(*columns, strict=True)
    write_sheet(
        args,
        list(zip(*shown, strict=True)),
        found,
        row_labels=ROWS,
        column_labels=[trained(described) for described in rungs],
        captions=list(zip(*captions, strict=True)),
    )
    if args.json:
        print_json({"rungs": facts, "link": to_link(spec), "out": str(args.out)})
    else:
        lines = [f"{fact['model']}: {said(fact['adversarial'])}" for fact in facts]
        print("\n".join([*lines, str(args.out)]))
    return 0


def trained(described: ModelRecord) -> str:
    """Say against what a model was trained: `L2 1.5`, or nothing."""
    eps = described.training_eps
    if eps == 0:
        return "standard"
    return f"Linf {255 * eps:.4g}/255" if described.training_norm == "linf" else f"L2 {eps:g}"


def _column(
    spec: LadderSpec, described: ModelRecord, compute: Compute
) -> tuple[list[Any], list[str], dict[str, Any]]:
    """Compute one rung: its pictures in the order of the rows, what stands under them, facts."""
    row, classes = spec.row(described.id), described.classes
    attack = compute(row.attack)
    gradient = compute(row.gradient).arrays["gradient"]
    smooth = compute(row.smoothgrad).arrays["gradient"]
    favourite = compute(row.favourite)
    adversarial = verdict(attack.arrays["logits"], classes)
    named = verdict(favourite.arrays["logits"], classes)
    shown = [
        pictures.absolute_ink(gradient),
        pictures.absolute_ink(smooth),
        pictures.photo(attack.arrays["adversarial"]),
        pictures.photo(favourite.arrays["picture"]),
    ]
    sizes = [pictures.ink_scale(array) for array in (gradient, smooth)]
    captions = [*(f"99% of pixels < {size:.2g}" for size in sizes), said(adversarial), said(named)]
    return (
        shown,
        captions,
        {
            "model": described.id,
            "training_norm": described.training_norm,
            "training_eps": described.training_eps,
            "original": verdict(attack.arrays["original_logits"], classes),
            "adversarial": adversarial,
            "success": attack.facts["success"],
            "distance": distances(attack.facts),
            "gradient_scale": sizes[0],
            "smoothgrad_scale": sizes[1],
            "favourite": named,
        },
    )
