"""`advviz surface`: what a model says around an attacked image, on a flat piece of pixel space."""

import argparse
from pathlib import Path

from advviz.cli.computing import answered
from advviz.cli.options import add_question, given
from advviz.cli.outputs import check_file, npz, print_json, verdict, write_files
from advviz.experiments.inquiries import SurfaceSpec
from advviz.experiments.links import to_link
from advviz.models.records import record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz surface`."""
    add_question(parser, SurfaceSpec)
    parser.add_argument(
        "--npz",
        type=Path,
        metavar="FILE.npz",
        help="write the arrays along, across and logits: the first index of logits counts across",
    )


def spec_of(args: argparse.Namespace) -> SurfaceSpec:
    """Read the experiment that the words mean."""
    return SurfaceSpec(**given(args, SurfaceSpec))


def execute(args: argparse.Namespace) -> int:
    """Ask about every point, write the arrays, print where the answer changes."""
    if args.npz is not None:
        check_file(args.npz, ".npz")
    spec, result = answered(spec_of(args))
    classes, along = record(spec.model).classes, result.arrays["along"]
    middle = result.arrays["logits"][len(along) // 2]
    answers = [verdict(logits, classes)["label"] for logits in middle]
    if args.npz is not None:
        write_files({args.npz: npz(result.arrays)})
    if args.json:
        line = [[float(x), label] for x, label in zip(along, answers, strict=True)]
        print_json({"model": spec.model, **result.facts, "line": line, "link": to_link(spec)})
        return 0
    print(
        f"along the attack's direction, in lengths of its change (L2 {result.facts['length']:.4f})"
    )
    for place, label in zip(along, answers, strict=True):
        print(f"{place:+.3f}  {label}")
    return 0
