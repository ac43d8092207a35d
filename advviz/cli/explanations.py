"""`advviz explanations`: methods and models measured side by side, and where a measure fails."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from advviz.cli.computing import progress_bar
from advviz.cli.evaluation_words import Listed
from advviz.cli.inputs import whole_number
from advviz.cli.outputs import check_file, print_json, write_files
from advviz.compute import Engine
from advviz.compute.disk import DiskCache, default_folder
from advviz.evaluation.explanations.plan import (
    MOST_DRAWS,
    MOST_STEPS,
    RANKINGS,
    ExplanationPlan,
    every_method,
    read_setting,
)
from advviz.evaluation.explanations.work import ExplanationWork, prepared
from advviz.evaluation.runner import OwnResults, Progress, advance
from advviz.explain.parameters import BASELINES

DEFAULT: Mapping[str, Any] = {field.name: field.default for field in fields(ExplanationPlan)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz explanations`."""
    for name, metavar, told in (
        ("--model", "ID", "model ids, by space or comma"),
        ("--method", "NAME", f"methods, by space or comma (default all: {words()})"),
        (
            "--replacement",
            "NAME",
            "what stands for a pixel that is taken away, several by comma: "
            f"{', '.join(BASELINES)} (default {','.join(DEFAULT['replacements'])})",
        ),
    ):
        parser.add_argument(
            name,
            nargs="+",
            action=Listed,
            required=name == "--model",
            default=argparse.SUPPRESS,
            metavar=metavar,
            help=told,
        )
    parser.add_argument(
        "--images",
        default="gallery",
        metavar="FOLDER",
        help="one folder a class, or torchvision:NAME:FOLDER, or gallery (default gallery)",
    )
    parser.add_argument(
        "--ranked",
        choices=RANKINGS,
        default=DEFAULT["ranked"],
        help="a pixel's rank is that of |map| summed over channels, or of the signed sum "
        f"(default {DEFAULT['ranked']})",
    )
    for name, told in (
        ("steps", "of insertion and deletion"),
        ("changes", "squares taken away, for infidelity"),
        ("neighbours", "nearby pictures, for sensitivity"),
        ("seed", "of all random numbers, and of the sample"),
        ("limit", "measure a seeded sample of N images, equal per folder"),
    ):
        default = DEFAULT[name]
        shown = "" if default is None else f" (default {default})"
        parser.add_argument(f"--{name}", metavar="N", default=default, help=told + shown)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="METHOD.NAME=VALUE",
        help="a parameter of one method",
    )
    parser.add_argument(
        "--csv", type=Path, metavar="FILE.csv", help="write a line an image, model and method"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="take what an earlier run, finished, stopped or killed, has kept; without it "
        "everything is measured anew",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def words() -> str:
    """List the methods of the catalogue."""
    return ", ".join(every_method())


def plan_of(args: argparse.Namespace) -> ExplanationPlan:
    """Read the plan that the words mean.

    Raises:
        InvalidInputError: words that make no plan, in one sentence.
    """
    listed = {
        field: tuple(dict.fromkeys(word for word in getattr(args, name).split(",") if word))
        for field, name in (
            ("models", "model"),
            ("methods", "method"),
            ("replacements", "replacement"),
        )
        if hasattr(args, name)
    }
    return ExplanationPlan(
        source=args.images,
        **{"methods": every_method(), **listed},
        own=tuple(read_setting(word) for word in args.set),
        ranked=args.ranked,
        steps=whole_number("steps", args.steps, 1, MOST_STEPS),
        changes=whole_number("changes", args.changes, 1, MOST_DRAWS),
        neighbours=whole_number("neighbours", args.neighbours, 1, MOST_DRAWS),
        seed=whole_number("seed", args.seed, 0, 2**31 - 1),
        limit=None if args.limit is None else whole_number("limit", args.limit, 1, 10**9),
    )


def execute(args: argparse.Namespace) -> int:
    """State, measure, print; write the lines an image if they are wanted."""
    plan = plan_of(args)
    if args.csv is not None:
        check_file(args.csv, ".csv")
    work = prepared(plan)  # before torch loads
    if not args.json:
        print(stated(work), flush=True)
    kept = DiskCache if args.resume else OwnResults
    engine = Engine(use_shipped=False, disk=kept(default_folder()))
    try:
        found = _measured(work, engine)
    finally:
        engine.close()
    from advviz.evaluation.explanations.table import as_csv, tabulated

    table = tabulated(found)
    if args.csv is not None:
        write_files({args.csv: as_csv(found).encode()})
    if args.json:
        print_json(table)
    else:
        from advviz.evaluation.explanations.as_text import told

        print("\n".join(told(table)))
    return 0


def stated(work: ExplanationWork) -> str:
    """Say what is about to be measured."""
    plan = work.plan
    return (
        f"{len(plan.methods)} methods and 3 maps that know nothing x {len(plan.models)} models on "
        f"{len(work)} images of {work.images.source_title}: {', '.join(plan.methods)}"
    )


def _measured(work: ExplanationWork, engine: Engine) -> Any:
    from advviz.evaluation.explanations.tally import ExplanationTally

    tally = ExplanationTally(work)
    with progress_bar(unit="piece", desc="explanations") as bar:
        for progress in advance(work, engine, tally):
            if sys.stderr.isatty():
                _show(progress, bar)
    return tally


def _show(progress: Progress, bar: Any) -> None:
    bar.total = progress.total
    bar.update(progress.done - bar.n)
    for job in progress.jobs[:1]:
        bar.set_postfix_str(f"{job.spec.model} {getattr(job.spec, 'method', '')}", refresh=False)
