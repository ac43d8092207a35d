"""`advviz cache`: the results that are kept on disk."""

import argparse

from advviz.cli.outputs import print_json
from advviz.compute.disk import DiskCache, default_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz cache`."""
    parser.add_argument("action", choices=("info", "clear", "verify"), help="what to do")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(args: argparse.Namespace) -> int:
    """Measure the cache, empty it, or read every result and remove the damaged ones."""
    cache = DiskCache(default_folder())
    if args.action == "clear":
        found: dict[str, object] = {"removed": cache.clear()}
    elif args.action == "verify":
        kept, damaged = cache.verify()
        found = {"kept": kept, "damaged": damaged}
    else:
        usage = cache.usage()
        found = {"folder": str(usage.folder), "results": usage.results, "bytes": usage.bytes}
    if args.json:
        print_json(found)
    else:
        print("\n".join(f"{name}: {value}" for name, value in found.items()))
    return 0
