"""`advviz visualize`: what excites a class, a unit or a channel."""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from advviz import pictures
from advviz.cli.computing import check, computer
from advviz.cli.explain import add_picture_options, check_picture_options, write_picture
from advviz.cli.inputs import class_named, image_reference
from advviz.cli.options import add_fields, given
from advviz.cli.outputs import check_file, print_json, said, verdict
from advviz.errors import InvalidInputError
from advviz.experiments.forming import FormingSpec
from advviz.experiments.forming import moving as forming_as
from advviz.experiments.links import to_link
from advviz.experiments.regions import BOX, is_whole
from advviz.experiments.specs import VisualizeSpec
from advviz.experiments.units import renamed
from advviz.models.records import record
from advviz.pictures.animations import KINDS, AnimationKind

NOISE = "noise"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz visualize`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--class", dest="class_name", metavar="NAME", help="a class, by id, name or WordNet id"
    )
    what.add_argument(
        "--unit",
        dest="unit_name",
        metavar="N|SUM",
        help="a unit of the penultimate layer; or a direction or a weighted sum, as in "
        "'class:cat - 0.5 class:dog' or 'cosine:LAYER:sample:ID'",
    )
    what.add_argument("--channel", metavar="LAYER:N", help="a channel of a named layer")
    add_fields(parser, VisualizeSpec, skip=("unit",))
    parser.add_argument(
        "--animation",
        type=Path,
        metavar="FILE.gif|FILE.webp",
        help="the drawing while it forms, as a moving picture, as well",
    )
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
    kind = _animation_kind(args.animation)
    if spec.start != NOISE:
        spec = replace(spec, start=image_reference(spec.start))
    spec = replace(spec, unit=renamed(spec.unit, lambda name: class_named(spec.model, name)))
    if not is_whole(spec.region) and not spec.region.startswith(BOX):
        spec = replace(spec, region=image_reference(spec.region))
    check(spec)
    forming = FormingSpec(drawing=spec)
    with computer() as compute:
        result = compute(spec if kind is None else forming)
    moving = {} if kind is None else {args.animation: forming_as(forming, result, kind)}
    arrays = {name: array for name, array in result.arrays.items() if name != "frames"}
    write_picture(args, _shown(arrays), factor, arrays, moving)
    answer = verdict(result.arrays["logits"], record(spec.model).classes)
    if args.json:
        facts = {"model": spec.model, "method": spec.method, **result.facts}
        files = {"out": str(args.out), **({"animation": str(args.animation)} if moving else {})}
        print_json({**facts, "prediction": answer, "link": to_link(spec), **files})
    else:
        print(
            f"{spec.unit} rose to {result.facts['value']:.3f} (seen as {said(answer)}): {args.out}"
        )
    return 0


def _shown(arrays: Mapping[str, Any]) -> Any:
    """Draw the picture, or several side by side."""
    several = arrays.get("pictures", arrays["picture"][None])
    return np.concatenate([pictures.photo(each) for each in several], axis=1)


def _animation_kind(path: Path | None) -> AnimationKind | None:
    """Read from a file's name which animation is wanted, before anything is computed."""
    if path is None:
        return None
    for kind in KINDS:
        if path.suffix.lower() == f".{kind}":
            check_file(path, f".{kind}")
            return kind
    raise InvalidInputError(f"the animation's file must end in .gif or .webp, got {str(path)!r}")
