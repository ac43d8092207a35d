"""`advviz invert`: a picture that a model sees as it sees another one, or a strip between two."""

import argparse
from dataclasses import replace

import numpy as np

from advviz import pictures
from advviz.cli.computing import check, computer
from advviz.cli.explain import add_picture_options, check_picture_options, write_picture
from advviz.cli.inputs import image_reference
from advviz.cli.options import add_fields, add_image, given
from advviz.cli.outputs import print_json, said, verdict
from advviz.experiments.inversion import NOISE, InvertSpec
from advviz.experiments.links import to_link
from advviz.models.records import record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz invert`."""
    add_image(parser)
    add_fields(parser, InvertSpec, skip=("image",))
    add_picture_options(parser, "inversion.png")


def spec_of(args: argparse.Namespace) -> InvertSpec:
    """Read the experiment that the words mean; pictures may still be names of files."""
    return InvertSpec(**given(args, InvertSpec))


def execute(args: argparse.Namespace) -> int:
    """Search, write the picture or the strip, print what the model says of it."""
    spec = spec_of(args)
    factor = check_picture_options(args)
    spec = replace(spec, image=image_reference(spec.image))
    if spec.is_strip:
        spec = replace(spec, towards=image_reference(spec.towards))
    if spec.start != NOISE:
        spec = replace(spec, start=image_reference(spec.start))
    check(spec)
    with computer() as compute:
        result = compute(spec)
    strip = result.arrays.get("pictures", result.arrays["picture"][None])
    drawn = np.concatenate([pictures.photo(each) for each in strip], axis=1)
    write_picture(args, drawn, factor, result.arrays)
    classes = record(spec.model).classes
    logits = result.arrays.get("pictures_logits", result.arrays["logits"][None])
    answers = [verdict(each, classes) for each in logits]
    if args.json:
        facts = {"model": spec.model, **result.facts, "predictions": answers}
        print_json({**facts, "link": to_link(spec), "out": str(args.out)})
    else:
        told = ", ".join(said(answer) for answer in answers)
        print(
            f"features of {result.facts['layer']} within {result.facts['distance']:.1%} of those "
            f"asked for (at first {result.facts['distance_at_first']:.1%}); seen as {told}: "
            f"{args.out}"
        )
    return 0
