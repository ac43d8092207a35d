"""`advviz evaluate`: clean and robust accuracy on a folder of images."""

import argparse
from pathlib import Path

from advviz.cli.computing import progress_bar
from advviz.cli.inputs import whole_number
from advviz.cli.options import add_fields, given
from advviz.cli.outputs import print_json
from advviz.data.folders import labelled_files
from advviz.evaluation import EvaluationSetup
from advviz.models.records import record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz evaluate`."""
    parser.add_argument(
        "--images",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="one folder a class, named by class or WordNet id; others are skipped and listed",
    )
    add_fields(parser, EvaluationSetup)
    parser.add_argument(
        "--limit", metavar="N", help="measure a seeded sample of N images, equal per folder"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(args: argparse.Namespace) -> int:
    """Measure and print."""
    setup = EvaluationSetup(**given(args, EvaluationSetup))
    limit = None if args.limit is None else whole_number("limit", args.limit, 1, 10**9)
    described = record(setup.model)
    labelled_files(args.images, described.classes, described.wordnet_ids)  # before torch loads
    from advviz.evaluation.robustness import Evaluation, evaluate

    with progress_bar(unit="image", desc="evaluation") as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        measured: Evaluation = evaluate(setup, args.images, limit=limit, report=report)
    if args.json:
        print_json(measured.as_dict())
    else:
        print(f"{setup.model} on {measured.clean.n} images of {args.images}")
        print(f"clean accuracy   {measured.clean}")
        print(f"robust accuracy  {measured.robust}")
        print(f"attack           {setup.in_words()}")
        print(f"skipped folders  {', '.join(measured.skipped) or 'none'}")
    return 0
