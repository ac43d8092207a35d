"""`advviz smallest`: the smallest change of an image that fools a model."""

import argparse
from dataclasses import replace
from typing import Any

from advviz.cli.attack_options import add_attack_fields, given_with_attack
from advviz.cli.computing import answered
from advviz.cli.inputs import class_named
from advviz.cli.options import add_image
from advviz.cli.outputs import print_json, said, verdict
from advviz.experiments.inquiries import SmallestSpec
from advviz.experiments.links import to_link
from advviz.experiments.parameters import UNTARGETED
from advviz.experiments.result import Result
from advviz.models.records import record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz smallest`."""
    add_image(parser)
    add_attack_fields(parser, SmallestSpec)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def spec_of(args: argparse.Namespace) -> SmallestSpec:
    """Read the experiment; image and class are still as the words have them."""
    return SmallestSpec(**given_with_attack(args, SmallestSpec))


def execute(args: argparse.Namespace) -> int:
    """Search, and print the smallest change that was found."""
    spec = spec_of(args)
    target = class_named(spec.model, spec.target, UNTARGETED)
    spec, result = answered(replace(spec, target=target))
    facts = _facts(spec, result)
    if args.json:
        print_json(facts)
    else:
        print(_told(facts))
    return 0


def _facts(spec: SmallestSpec, result: Result) -> dict[str, Any]:
    classes, arrays = record(spec.model).classes, result.arrays
    facts = {
        "model": spec.model,
        "target": spec.target,
        "norm": spec.norm,
        "attack": spec.attack,
        "original": verdict(arrays["original_logits"], classes),
        **result.facts,
    }
    if "logits" in arrays:
        facts["adversarial"] = verdict(arrays["logits"], classes)
        facts["adversarial_8bit"] = verdict(arrays["eight_bit_logits"], classes)
    return {**facts, "link": to_link(spec)}


def _told(facts: dict[str, Any]) -> str:
    norm, distance = facts["norm"], facts["distance"]
    if distance is None:
        return f"no change fooled it: {said(facts['original'])} at every radius that was tried"
    if distance == 0:
        return f"no change is needed: it says {said(facts['original'])}"
    size = f"{255 * distance:.4g}/255" if norm == "linf" else f"{distance:.4g}"
    held = f"{255 * facts['held']:.4g}/255" if norm == "linf" else f"{facts['held']:.4g}"
    failed = f"{facts['attack']} failed at {held}, which is no proof"
    lines = [
        f"smallest      {norm} {size}; {failed if facts['held'] else 'less may be enough'}",
        f"original      {said(facts['original'])}",
        f"adversarial   {said(facts['adversarial'])}",
        f"as 8-bit PNG  {said(facts['adversarial_8bit'])}",
        f"attacks       {len(facts['trials'])}",
    ]
    return "\n".join(lines)
