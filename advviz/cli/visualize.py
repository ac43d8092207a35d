"""`advviz visualize`: what excites a class, a unit or a channel."""

import argparse
from dataclasses import replace

from advviz import pictures
from advviz.cli.computing import check, computer
from advviz.cli.explain import add_picture_options, check_picture_options, write_picture
from advviz.cli.inputs import class_named, image_reference
from advviz.cli.options import add_fields, given
from advviz.cli.outputs import print_json, said, verdict
from advviz.experiments.links import to_link
from advviz.experiments.specs import VisualizeSpec
from advviz.models.records import record

NOISE = "noise"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz visualize`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--class", dest="class_name", metavar="NAME", help="a class, by id, name or WordNet id"
    )
    what.add_argument(
        "--unit", dest="unit_name", metavar="N", help="a unit of the penultimate layer"
    )
    what.add_argument("--channel", metavar="LAYER:N", help="a channel of a named layer")
    add_fields(parser, VisualizeSpec, skip=("unit",))
    add_picture_options(parser, "visualization.png")


def spec_of(args: argparse.Namespace) -> VisualizeSpec:
    """Read the experiment that the words mean; the start may still be a file's name."""
    if args.class_name is not None:
        unit = f"class:{args.class_name}"
    elif args.channel is not None:
        unit = f"channel:{args.channel}"
    else:  # `--unit class:dog`, as a spec has it, is understood too
        unit = args.unit_name if ":" in args.unit_name else f"unit:{args.unit_name}"
    return VisualizeSpec(unit=unit, **given(args, VisualizeSpec))


def execute(args: argparse.Namespace) -> int:
    """Draw, write the picture, print what the model says of it."""
    spec = spec_of(args)
    factor = check_picture_options(args)
    if spec.start != NOISE:
        spec = replace(spec, start=image_reference(spec.start))
    what, _, name = spec.unit.partition(":")
    if what == "class":
        spec = replace(spec, unit=f"class:{class_named(spec.model, name)}")
    check(spec)
    with computer() as compute:
        result = compute(spec)
    write_picture(args, pictures.photo(result.arrays["picture"]), factor, result.arrays)
    answer = verdict(result.arrays["logits"], record(spec.model).classes)
    if args.json:
        facts = {"model": spec.model, "method": spec.method, **result.facts}
        print_json({**facts, "prediction": answer, "link": to_link(spec), "out": str(args.out)})
    else:
        print(
            f"{spec.unit} rose to {result.facts['value']:.3f} (seen as {said(answer)}): {args.out}"
        )
    return 0
