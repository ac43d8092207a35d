"""`advviz models`: what there is, what was measured of it, and the weights on this machine."""

import argparse
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from advviz.cli.computing import progress_bar
from advviz.cli.outputs import print_json
from advviz.errors import InvalidInputError, WeightsError
from advviz.models import fetching, shelf
from advviz.models.model_record import FETCHED, ModelRecord
from advviz.models.records import bundled, catalogue, own_models, record

ACTIONS = ("list", "fetch", "verify", "remove")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz models`."""
    parser.add_argument(
        "action", nargs="?", default="list", choices=ACTIONS, help="what to do (%(default)s)"
    )
    parser.add_argument("model", nargs="?", metavar="ID", help="which; verify: all if not given")
    parser.add_argument("--json", action="store_true", help="list: print the full records")


def execute(args: argparse.Namespace) -> int:
    """List the models, or fetch, verify or remove the weights of one."""
    if args.json and args.action != "list":
        raise InvalidInputError(f"--json belongs to list, not to {args.action}")
    if args.action == "list":
        return _list(args)
    if args.action == "verify":
        return _verify([record(args.model)] if args.model else _on_disk())
    if args.model is None:
        raise InvalidInputError(f"{args.action} needs the ID of a model; see advviz models")
    described = record(args.model)
    if args.action == "fetch":
        with progress_bar(unit="B", unit_scale=True, desc=described.id) as bar:

            def report(done: int, total: int | None) -> None:
                bar.total = total
                bar.update(done - bar.n)

            print(fetching.fetch(described, report))
        return 0
    removed = fetching.remove(described)
    print(f"{described.id}: {'removed' if removed else 'was not on this machine'}")
    return 0


def _list(args: argparse.Namespace) -> int:
    if args.model is not None:
        raise InvalidInputError(f"list takes no ID, got {args.model!r}; --json has every record")
    if args.json:
        print_json([r.as_dict() | {"on_disk": shelf.is_on_disk(r)} for r in catalogue().values()])
        return 0
    sections = ["\n".join(_described(r)) for r in bundled().values()]
    others = [r for r in catalogue().values() if r.id not in bundled()]
    for family, members in groupby(sorted(others, key=attrgetter("family")), attrgetter("family")):
        sections.append("\n".join([f"{family}:", *(f"  {_line(r)}" for r in members)]))
    if unusable := own_models().unusable:
        sections.append("\n".join(["not usable:", *(f"  {said}" for said in unusable.values())]))
    print("\n\n".join(sections))
    return 0


def _described(described: ModelRecord) -> Iterator[str]:
    yield f"{described.id}: {described.title}"
    yield (
        f"  {described.family}, on disk, {described.architecture}, {described.input_size} x "
        f"{described.input_size} pixels, {described.licence}, {described.source}"
    )
    yield f"  classes: {', '.join(described.classes)}"
    for name, of in described.accuracies.items():
        clean, robust = of["clean_accuracy"], of["robust_accuracy"]
        yield (
            f"  {name}: clean {clean['value']:.1%}, under PGD-{of['attack']['steps']} with "
            f"{of['attack']['restarts']} restarts {robust['value']:.1%} (95% interval "
            f"{robust['low']:.1%} to {robust['high']:.1%}, n = {of['n']})"
        )


def _line(described: ModelRecord) -> str:
    where = "on disk" if shelf.is_on_disk(described) else "to be fetched"
    clean = described.published.get("clean")
    said = f", published clean accuracy {clean['value']:.1%}" if clean else ""
    return f"{described.id}: {described.title} ({where}, {described.training}{said})"


def _on_disk() -> list[ModelRecord]:
    return [described for described in catalogue().values() if shelf.is_on_disk(described)]


def _verify(chosen: list[ModelRecord]) -> int:
    damaged = []
    for described in chosen:
        whole = shelf.is_whole(described)
        print(f"{described.id}: {'whole' if whole else 'damaged'}")
        if not whole:
            damaged.append(described)
    if damaged:
        fetched = isinstance(damaged[0].weights_origin, FETCHED)
        remedy = f"advviz models fetch {damaged[0].id}" if fetched else "put the file there again"
        raise WeightsError(f"{', '.join(d.id for d in damaged)} damaged; {remedy}")
    return 0
