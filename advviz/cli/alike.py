"""`advviz alike`: is a saliency map still the same after an attack?"""

import argparse
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

from advviz.cli.catalogue_options import add_method_fields, given_with_method
from advviz.cli.computing import answered
from advviz.cli.explain import METHODS
from advviz.cli.inputs import class_named
from advviz.cli.options import add_image
from advviz.cli.outputs import check_file, npz, print_json, verdict, write_files
from advviz.evaluation.alike import LIMITS, MEASURES, SENTENCES, ends, figure, held
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.links import to_link
from advviz.experiments.parameters import PREDICTED
from advviz.experiments.result import Result
from advviz.fields import AUTO
from advviz.models.records import record

HEADS = ("rank", "signed", "SSIM", "top {share:.0%}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz alike`."""
    add_image(parser)
    add_method_fields(parser, AlikeSpec, METHODS)
    parser.add_argument(
        "--npz", type=Path, metavar="FILE.npz", help="write the maps and all figures"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def spec_of(args: argparse.Namespace) -> AlikeSpec:
    """Read the experiment; image and classes are still as the words have them."""
    return AlikeSpec(**given_with_method(args, AlikeSpec, METHODS))


def execute(args: argparse.Namespace) -> int:
    """Compare, write the arrays, print every figure beside what it is held against."""
    if args.npz is not None:
        check_file(args.npz, ".npz")
    spec = spec_of(args)
    spec = replace(
        spec,
        explained=class_named(spec.model, spec.explained, PREDICTED),
        second=class_named(spec.model, spec.second, AUTO),
    )
    spec, result = answered(spec)
    if args.npz is not None:
        write_files({args.npz: npz(result.arrays)})
    if args.json:
        print_json(_facts(spec, result))
    else:
        print(_told(spec, result))
    return 0


def _names(result: Result) -> tuple[str, ...]:
    """Name the four comparisons, in the order of the figures."""
    first, second = result.facts["classes"]
    both = f"{first} and {second}"
    return (
        f"{first}: before and after", f"{second}: before and after",
        f"before: {both}", f"after: {both}",
    )  # fmt: skip


def _facts(spec: AlikeSpec, result: Result) -> dict[str, Any]:
    classes, arrays = record(spec.model).classes, result.arrays
    before, after = (verdict(logits, classes) for logits in arrays["logits"])
    names = dict(zip(("seeds", "noisy", "photos"), ("two_seeds", "noise", "photos"), strict=True))
    beside = {names[n]: _rows(arrays[n]) for n in names if n in arrays}
    return {
        "model": spec.model,
        "method": spec.method,
        **result.facts,
        "before": before,
        "after": after,
        "alike": dict(zip(_names(result), _rows(arrays["pairs"]), strict=True)),
        "held_against": beside
        | {
            f"random maps, {name}": _rows(rows)
            for name, rows in zip(result.facts["classes"], arrays["random"], strict=True)
        },
        "verdicts": {
            name: {"verdict": held(result, place).verdict, "means": _meant(result, place)}
            for place, name in enumerate(result.facts["classes"])
        },
        "cannot_tell": LIMITS,
        "link": to_link(spec),
    }


def _rows(figures: Any) -> list[dict[str, float | None]]:
    """Name each row's figures; None where one is not defined."""
    return [
        {n: float(v) if isfinite(v) else None for n, v in zip(MEASURES, row, strict=True)}
        for row in figures
    ]


def _meant(result: Result, place: int) -> str:
    return SENTENCES[held(result, place).verdict]


def _told(spec: AlikeSpec, result: Result) -> str:
    heads = [head.format(share=spec.top_share) for head in HEADS]
    names = _names(result)
    rows = [(name, [figure(v) for v in result.arrays["pairs"][i]]) for i, name in enumerate(names)]
    beside = [held(result, 0, measure) for measure in range(len(MEASURES))]
    if "seeds" in result.arrays:
        rows.append(("two seeds", [figure(one.seeds) for one in beside]))
    rows += [
        (f"noise of the same size (n = {spec.beside})", [ends(one.noisy) for one in beside]),
        (f"other photos (n = {len(result.facts['photos'])})", [ends(one.photos) for one in beside]),
        (f"random maps (n = {spec.random_maps})", [ends(one.random) for one in beside]),
    ]
    wide = max(len(name) for name, _ in rows)
    lines = [f"{'':{wide}}  " + "".join(f"{head:>16}" for head in heads)]
    lines += [f"{name:{wide}}  " + "".join(f"{cell:>16}" for cell in cells) for name, cells in rows]
    lines += [
        f"{name}: {_meant(result, place)}" for place, name in enumerate(result.facts["classes"])
    ]
    return "\n".join((*lines, LIMITS))
