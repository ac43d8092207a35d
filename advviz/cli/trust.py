"""`advviz trust`: is there reason to believe a saliency map?"""

import argparse
import textwrap
from dataclasses import replace
from pathlib import Path

from advviz.cli.catalogue_options import add_method_fields, given_with_method
from advviz.cli.computing import answered
from advviz.cli.explain import METHODS
from advviz.cli.inputs import class_named
from advviz.cli.options import add_image
from advviz.cli.outputs import check_file, npz, print_json, said, verdict, write_files
from advviz.evaluation.trust import NAMES, RANDOM, judged
from advviz.experiments.links import to_link
from advviz.experiments.parameters import PREDICTED
from advviz.experiments.trust import TrustSpec
from advviz.models.records import record

WIDTH = 96
"""Columns of the lines that are printed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz trust`: those of `advviz explain`, and how thoroughly."""
    add_image(parser)
    add_method_fields(parser, TrustSpec, METHODS)
    parser.add_argument(
        "--npz",
        type=Path,
        metavar="FILE.npz",
        help="write the maps of the cascade, and the curves of the map, of the edges, of noise "
        "and of the shifted maps, in that order",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def spec_of(args: argparse.Namespace) -> TrustSpec:
    """Read the experiment; image and class are still as the words have them."""
    return TrustSpec(**given_with_method(args, TrustSpec, METHODS))


def execute(args: argparse.Namespace) -> int:
    """Test the map, print every finding and what they come to."""
    spec = spec_of(args)
    if args.npz is not None:
        check_file(args.npz, ".npz")
    explained = class_named(spec.model, spec.explained, PREDICTED)
    spec, result = answered(replace(spec, explained=explained))
    if args.npz is not None:
        write_files({args.npz: npz(result.arrays)})
    found = judged(spec, result.facts)
    answer = verdict(result.arrays["logits"], record(spec.model).classes)
    if args.json:
        told = {"model": spec.model, "method": spec.method, "explained": result.facts["explained"]}
        print_json({**told, "prediction": answer, **found.as_dict(), "link": to_link(spec)})
        return 0
    print(f"{spec.method} of {result.facts['explained']} (predicted {said(answer)})\n")
    for each in found.findings:
        print(f"{each.symbol} {each.verdict}: {NAMES[each.name]}")
        print(textwrap.fill(str(each), WIDTH, initial_indent="  ", subsequent_indent="  "))
    print()
    lines = [f"{found.overall.symbol} {found.overall}", *([RANDOM] if found.random else [])]
    print("\n".join(textwrap.fill(line, WIDTH) for line in lines))
    return 0
