"""`advviz attack`: an adversarial example, and everything measured of it."""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from advviz import pictures
from advviz.cli.attack_options import add_attack_fields, given_with_attack
from advviz.cli.computing import Compute, check, computer
from advviz.cli.inputs import class_named, image_reference, whole_number
from advviz.cli.options import add_image
from advviz.cli.outputs import check_folder, distances, npz, print_json, said, verdict, write_files
from advviz.data import uploads
from advviz.experiments.links import to_link
from advviz.experiments.parameters import UNTARGETED
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec, PredictSpec
from advviz.models.records import record

KEPT_ARRAYS = ("original", "adversarial", "original_logits", "logits")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz attack`."""
    add_image(parser)
    add_attack_fields(parser, AttackSpec)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write original.png, adversarial.png and perturbation.png, at the model's own size, "
        "and result.npz with the exact arrays original and adversarial",
    )
    parser.add_argument(
        "--gain",
        default="10",
        metavar="N",
        help="times the change is drawn in perturbation.png, around grey (default %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def spec_of(args: argparse.Namespace) -> AttackSpec:
    """Read the experiment; image and class are still as the words have them."""
    return AttackSpec(**given_with_attack(args, AttackSpec))


def execute(args: argparse.Namespace) -> int:
    """Attack, write the files, print what was measured."""
    spec = spec_of(args)
    gain = whole_number("gain", args.gain, 1, 1000)
    target = class_named(spec.model, spec.target, UNTARGETED)
    spec = replace(spec, image=image_reference(spec.image), target=target)
    check(spec)
    if args.out is not None:
        check_folder(args.out)
    with computer() as compute:
        result = compute(spec)
        saved = pictures.png(pictures.photo(result.arrays["adversarial"]))
        facts = _facts(spec, result, _on_file(spec, saved, compute))
    if args.out is not None:
        files = {"adversarial.png": saved, **_files(result, gain)}
        write_files({args.out / name: data for name, data in files.items()})
        facts |= {"perturbation_gain": gain, "out": str(args.out)}
    if args.json:
        print_json(facts)
    else:
        print(_told(facts))
    return 0


def _on_file(spec: AttackSpec, saved: bytes, compute: Compute) -> Any:
    """Return the logits of the very file that is saved, read back."""
    asked = PredictSpec(model=spec.model, image=uploads.store(saved))
    return compute(asked).arrays["logits"]


def _facts(spec: AttackSpec, result: Result, eight_bit_logits: Any) -> dict[str, Any]:
    classes, arrays, facts = record(spec.model).classes, result.arrays, result.facts
    return {
        "model": spec.model,
        "target": spec.target,
        "true_class": facts["true_class"],
        "original": verdict(arrays["original_logits"], classes),
        "adversarial": verdict(arrays["logits"], classes),
        "adversarial_8bit": verdict(eight_bit_logits, classes),
        "success": facts["success"],
        "norm": spec.norm,
        "eps": spec.eps,
        "attack": spec.attack,
        "distance": distances(facts),
        "steps": facts["steps"],
        "steps_made": _steps_made(spec, result),
        "first_success": facts["first_success"],
        "numerics": facts["numerics"],
        "zero_gradient_steps": facts["zero_gradient_steps"],
        "seconds": facts["seconds"],
        "link": to_link(spec),
        **({"queries": facts["queries"]} if "queries" in facts else {}),
    }


def _steps_made(spec: AttackSpec, result: Result) -> int:
    """Count the steps of the search whose picture is returned: an early stop ends it."""
    first = result.facts["first_success"]
    made = first if spec.early_stop and first is not None else result.facts["steps"]
    return int(made)


def _files(result: Result, gain: int) -> dict[str, bytes]:
    original, adversarial = result.arrays["original"], result.arrays["adversarial"]
    return {
        "original.png": pictures.png(pictures.photo(original)),
        "perturbation.png": pictures.png(pictures.perturbation(original, adversarial, gain)),
        "result.npz": npz({name: result.arrays[name] for name in KEPT_ARRAYS}),
    }


def _told(facts: Mapping[str, Any]) -> str:
    first, distance = facts["first_success"], facts["distance"]
    when = "" if first is None else f", first at step {first}"
    how = f"{facts['steps']} steps{when}"
    if "queries" in facts:
        how = f"{facts['queries']} queries"
    lines = [
        f"{'reached' if facts['success'] else 'not reached'} in {how}",
        f"original      {said(facts['original'])}",
        f"adversarial   {said(facts['adversarial'])}",
        f"as 8-bit PNG  {said(facts['adversarial_8bit'])}",
        f"distance      L2 {distance['l2']:.4f}, Linf {distance['linf']:.4f} "
        f"({255 * distance['linf']:.1f}/255)"
        + (f", L1 {distance['l1']:.4f}" if "l1" in distance else ""),
    ]
    return "\n".join([*lines, f"files         {facts['out']}"] if "out" in facts else lines)
