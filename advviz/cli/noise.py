"""`advviz noise`: the control of an attack, random noise of the same size."""

import argparse
from collections import Counter

from advviz.cli.computing import answered
from advviz.cli.options import add_question, given
from advviz.cli.outputs import print_json, said, verdict
from advviz.experiments.links import to_link
from advviz.experiments.specs import NoiseSpec
from advviz.models.records import record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz noise`."""
    add_question(parser, NoiseSpec)


def spec_of(args: argparse.Namespace) -> NoiseSpec:
    """Read the experiment that the words mean; the image is still a file's name."""
    return NoiseSpec(**given(args, NoiseSpec))


def execute(args: argparse.Namespace) -> int:
    """Add noise many times, and print how often the answer changed."""
    spec, result = answered(spec_of(args))
    classes = record(spec.model).classes
    before = verdict(result.arrays["original_logits"], classes)
    answers = Counter(classes[index] for index in result.arrays["logits"].argmax(-1))
    if args.json:
        facts = {"model": spec.model, "original": before, **result.facts}
        print_json({**facts, "answers": dict(answers), "link": to_link(spec)})
    else:
        print(f"{before['label']} changed by {result.facts['changed']} of {spec.draws} noises")
        print(f"before: {said(before)}; with noise: {_listed(answers)}")
    return 0


def _listed(answers: Counter[str]) -> str:
    return ", ".join(f"{name} {times} times" for name, times in answers.most_common())
