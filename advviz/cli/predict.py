"""`advviz predict`: what a model takes an image for."""

import argparse

from advviz.cli.computing import answered
from advviz.cli.options import add_question, given
from advviz.cli.outputs import print_json, said, verdict
from advviz.experiments.links import to_link
from advviz.experiments.specs import PredictSpec
from advviz.models.records import record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz predict`."""
    add_question(parser, PredictSpec)


def spec_of(args: argparse.Namespace) -> PredictSpec:
    """Read the experiment that the words mean; the image is still a file's name."""
    return PredictSpec(**given(args, PredictSpec))


def execute(args: argparse.Namespace) -> int:
    """Ask, and print the answer."""
    spec, result = answered(spec_of(args))
    answer = verdict(result.arrays["logits"], record(spec.model).classes)
    if args.json:
        print_json({**answer, "model": spec.model, "link": to_link(spec)})
    else:
        print(said(answer))
    return 0
