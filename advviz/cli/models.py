"""`advviz models`: what ships, and what was measured of it."""

import argparse

from advviz.cli.outputs import print_json
from advviz.models.records import ModelRecord, catalogue


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz models`."""
    parser.add_argument("--json", action="store_true", help="print the full records")


def execute(args: argparse.Namespace) -> int:
    """Print the records."""
    records = list(catalogue().values())
    if args.json:
        print_json([record.as_dict() for record in records])
    else:
        print("\n\n".join(_described(record) for record in records))
    return 0


def _described(record: ModelRecord) -> str:
    lines = [
        f"{record.id}: {record.title}",
        f"  {record.architecture}, {record.input_size} x {record.input_size} pixels, "
        f"{record.licence}, {record.source}",
        f"  classes: {', '.join(record.classes)}",
    ]
    for name, of in record.accuracies.items():
        clean, robust = of["clean_accuracy"], of["robust_accuracy"]
        lines.append(
            f"  {name}: clean {clean['value']:.1%}, under PGD-{of['attack']['steps']} with "
            f"{of['attack']['restarts']} restarts {robust['value']:.1%} (95% interval "
            f"{robust['low']:.1%} to {robust['high']:.1%}, n = {of['n']})"
        )
    return "\n".join(lines)
