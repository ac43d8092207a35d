"""`advviz report`: an experiment as one page of HTML that needs no network."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from advviz.cli.computing import check, computer
from advviz.cli.inputs import image_reference
from advviz.cli.outputs import check_file, print_json, write_files
from advviz.errors import InvalidInputError
from advviz.experiments.links import AnySpec, from_link, to_link


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `advviz report`."""
    parser.add_argument(
        "spec",
        metavar="LINK|PRESET",
        help="an experiment: the link of a page, its part behind the question mark, or the id of "
        "a preset (see advviz presets)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.html")
    parser.add_argument(
        "--image",
        metavar="IMAGE",
        help="the picture file of a link that names an upload",
    )
    parser.add_argument(
        "--with-picture",
        action="store_true",
        help="put pictures of your own, or of a folder, into the report; without it, they stay out",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(args: argparse.Namespace) -> int:
    """Compute what the report needs, write it, print the finding."""
    from advviz.evaluation.one_page import needed, report
    from advviz.evaluation.one_page_questions import case_of

    check_file(args.out, ".html")
    spec = _with_image(_spec(args.spec), args.image)
    wanted = needed(spec)
    for each in wanted:
        check(each)
    with computer() as compute:
        results = {each: compute(each) for each in wanted}
    address = args.spec.partition("?")[0] if args.spec.startswith(("http:", "https:")) else ""
    page = report(spec, results, address=address, with_picture=args.with_picture)
    write_files({args.out: page.encode("utf-8")})
    finding = case_of(spec, results).finding
    if args.json:
        print_json({"finding": finding, "link": to_link(spec), "out": str(args.out)})
    else:
        print(f"{finding}\n{args.out}")
    return 0


def _spec(words: str) -> AnySpec:
    """Read a link, or the id of a preset; how a page shows an experiment changes no number."""
    if "=" not in words:
        from advviz.experiments.presets import offered

        if words not in offered():
            names = ", ".join(offered()) or "none"
            raise InvalidInputError(
                f"the experiment must be a link or a preset, got {words[:80]!r}; presets: {names}"
            )
        return offered()[words].spec
    address, mark, query = words.rpartition("?")
    kept = [pair for pair in query.split("&") if not pair.startswith(VIEW)]
    return from_link(f"{address}{mark}{'&'.join(kept)}")


VIEW = ("show.", "lang=")
"""How the words of a link begin that say how it is shown."""


def _with_image(spec: AnySpec, image: str | None) -> AnySpec:
    """Put a picture file in the place of the link's."""
    if image is None:
        return spec
    given: Any = spec
    if not hasattr(given, "image"):
        raise InvalidInputError(
            f"--image replaces the picture that an experiment starts from; {spec.kind} has none"
        )
    replaced: AnySpec = replace(given, image=image_reference(image))
    return replaced
