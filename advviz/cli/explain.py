"""`advviz explain`: which pixels move a model's answer."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from advviz import pictures
from advviz.cli.catalogue_options import Methods, add_method_fields, given_with_method
from advviz.cli.computing import answered
from advviz.cli.inputs import class_named, whole_number
from advviz.cli.options import add_image
from advviz.cli.outputs import check_file, npz, print_json, said, verdict, write_files
from advviz.errors import InvalidInputError
from advviz.experiments.explainer_choice import FIRST, GRADIENT, SMOOTHGRAD_FIELDS, score_of
from advviz.experiments.links import to_link
from advviz.experiments.parameters import PREDICTED
from advviz.experiments.specs import ExplainSpec
from advviz.explain.catalogue import explainer_named, explainers
from advviz.explain.found import in_words
from advviz.models.records import record

RENDERERS: MappingProxyType[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "ink": pictures.absolute_ink,
        "tutorial": pictures.tutorial_rgb,
        "signed": pictures.signed,
    }
)
MAX_SCALE = 32
METHODS = Methods(
    field="method", default=GRADIENT, entries=explainers(), own=SMOOTHGRAD_FIELDS, first=FIRST
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz explain`."""
    add_image(parser)
    add_method_fields(parser, ExplainSpec, METHODS)
    parser.add_argument(
        "--render",
        default="ink",
        metavar="|".join(RENDERERS),
        help="|g| as ink on white, the tutorial's colours, or red and blue (default %(default)s)",
    )
    add_picture_options(parser, "explanation.png")


def add_picture_options(parser: argparse.ArgumentParser, name: str) -> None:
    """Declare where a picture goes, if not to the given name, and how large."""
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(name),
        metavar="FILE.png",
        help="the picture (default %(default)s)",
    )
    parser.add_argument("--npz", type=Path, metavar="FILE.npz", help="the exact arrays as well")
    parser.add_argument(
        "--scale",
        default="4",
        metavar="N",
        help="draw each pixel as N x N, for viewing; 1: the model's own size (default %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def check_picture_options(args: argparse.Namespace) -> int:
    """Check where a picture goes; return how much it is enlarged."""
    check_file(args.out, ".png")
    if args.npz is not None:
        check_file(args.npz, ".npz")
    return whole_number("scale", args.scale, 1, MAX_SCALE)


def write_picture(
    args: argparse.Namespace,
    shown: Any,
    factor: int,
    arrays: Any,
    besides: Mapping[Path, bytes] = MappingProxyType({}),
) -> None:
    """Write the picture, the arrays where they are asked for, and what else there is."""
    files = {args.out: pictures.png(pictures.enlarged(shown, factor)), **besides}
    if args.npz is not None:
        files[args.npz] = npz(arrays)
    write_files(files)


def spec_of(args: argparse.Namespace) -> ExplainSpec:
    """Read the experiment; image and class are still as the words have them."""
    return ExplainSpec(**given_with_method(args, ExplainSpec, METHODS))


def execute(args: argparse.Namespace) -> int:
    """Explain, write the map, print what it is a map of."""
    spec = spec_of(args)
    if args.render not in RENDERERS:
        raise InvalidInputError(f"render must be {', '.join(RENDERERS)}, got {args.render!r}")
    factor = check_picture_options(args)
    explained = class_named(spec.model, spec.explained, PREDICTED)
    spec, result = answered(replace(spec, explained=explained))
    gradient = result.arrays["gradient"]
    write_picture(args, RENDERERS[args.render](gradient), factor, result.arrays)
    answer = verdict(result.arrays["logits"], record(spec.model).classes)
    if args.json:
        facts = {"model": spec.model, "method": spec.method, **result.facts}
        print_json({**facts, "prediction": answer, "link": to_link(spec), "out": str(args.out)})
    else:
        blind = explainer_named(spec.method).blind
        score = f"the {score_of(spec)} of {result.facts['explained']}"
        what = "the same for every class" if blind else f"of {score}"
        print(f"{spec.method} {what} (predicted {said(answer)}): {args.out}")
        for sentence in in_words(result.facts):
            print(sentence)
        if "completeness_error" in result.facts:
            change, error = result.facts["difference"], result.facts["completeness_error"]
            print(f"It adds up to the score's change of {change:.4g} but for {error:.2g}.")
    return 0
