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
        interval = f"95% interval {of['low']:.1%} to {of['high']:.1%}, n = {of['n']}"
        lines.append(f"  {name}: {of['value']:.1%} ({interval})")
    return "\n".join(lines)
