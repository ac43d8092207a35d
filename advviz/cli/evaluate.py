"""`advviz evaluate`: accuracy under attacks on a folder of images."""

import argparse
import sys
from pathlib import Path

from advviz.cli import evaluation_words as words_of
from advviz.cli.computing import progress_bar
from advviz.cli.options import add_fields
from advviz.cli.outputs import check_file, print_json, write_files
from advviz.compute import Engine
from advviz.compute.disk import DiskCache, default_folder
from advviz.evaluation import EvaluationSetup
from advviz.evaluation.runner import OwnResults, Progress, measured
from advviz.evaluation.statement import stated
from advviz.evaluation.tally import Tally
from advviz.evaluation.work import Work, prepared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz evaluate`."""
    parser.add_argument(
        "--model",
        nargs="+",
        required=True,
        action=words_of.Listed,
        metavar="ID",
        help="model ids, by space or comma",
    )
    parser.add_argument(
        "--images",
        required=True,
        metavar="FOLDER",
        help="one folder a class, named by class or WordNet id, others are skipped and listed; "
        "or torchvision:NAME:FOLDER for a data set of torchvision's on disk; or gallery",
    )
    words_of.add_attack(parser)
    add_fields(parser, EvaluationSetup, skip=("model", "attack", "norm", "eps"))
    words_of.add_run(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(args: argparse.Namespace) -> int:
    """State, measure, print; write the report if there is to be one."""
    plan = words_of.plan_of(args)
    if args.report is not None:
        check_file(args.report, ".html")
    work = prepared(plan)  # before torch loads
    if not args.json:
        for name, said in stated(work).items():
            print(f"{name:<16} {said}", flush=True)
    kept = DiskCache if args.resume else OwnResults
    engine = Engine(use_shipped=False, disk=kept(default_folder()))
    try:
        tally = _measured(work, engine)
        if args.report is not None:
            write_files(_report(tally, engine, args.report))
    finally:
        engine.close()
    if args.json:
        from advviz.evaluation.summary import summarized

        print_json(summarized(tally))
    else:
        print("\n".join(words_of.told(tally)))
        if args.report is not None:
            print(f"report           {args.report}")
    return 0


def _measured(work: Work, engine: Engine) -> Tally:
    with progress_bar(unit="piece", desc="evaluation") as bar:

        def report(progress: Progress) -> None:
            bar.total = progress.total
            bar.update(progress.done - bar.n)
            for job in progress.jobs[:1]:
                stage = job.progress[0] if job.progress else ""
                bar.set_postfix_str(f"{job.spec.model} {stage}", refresh=False)

        return measured(work, engine, report if sys.stderr.isatty() else None)


def _report(tally: Tally, engine: Engine, path: Path) -> dict[Path, bytes]:
    """Write the report, and beside it the figures as JSON and a line an image as CSV."""
    from advviz.evaluation.examples import examples
    from advviz.evaluation.report import as_csv, as_json, html

    return {
        path: html(tally, examples(tally, engine.peek)).encode(),
        path.with_suffix(".json"): as_json(tally).encode(),
        path.with_suffix(".csv"): as_csv(tally).encode(),
    }
