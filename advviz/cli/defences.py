"""`advviz defences`: what survives JPEG, blur, noise and the like, of an image and its answer."""

import argparse

from advviz.cli.computing import answered
from advviz.cli.options import add_question, given
from advviz.cli.outputs import print_json, said, verdict
from advviz.experiments.inquiries import DefencesSpec
from advviz.experiments.links import to_link
from advviz.models.records import record

CAUTION = "none of these was attacked: an attack that is made through one may pass it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz defences`."""
    add_question(parser, DefencesSpec)


def spec_of(args: argparse.Namespace) -> DefencesSpec:
    """Read the experiment that the words mean; the image is still a file's name."""
    return DefencesSpec(**given(args, DefencesSpec))


def execute(args: argparse.Namespace) -> int:
    """Try every defence, and print the answers; those to the original where it is known."""
    spec, result = answered(spec_of(args))
    classes, logits = record(spec.model).classes, result.arrays["logits"]
    tried = [
        {"defence": name}
        | {
            what: verdict(of, classes)
            for what, of in zip(("image", "original"), logits[:, place], strict=False)
        }
        for place, name in enumerate(result.facts["names"])
    ]
    if args.json:
        facts = {"model": spec.model, "defences": tried, "caution": CAUTION}
        print_json({**facts, "link": to_link(spec)})
        return 0
    for row in tried:
        beside = f"; the original {said(row['original'])}" if "original" in row else ""
        print(f"{row['defence']:<18} {said(row['image'])}{beside}")
    print(CAUTION)
    return 0
