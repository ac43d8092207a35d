"""Options made from the fields of a spec, so that flags cannot drift from links."""

import argparse
from collections.abc import Collection
from dataclasses import MISSING, Field, fields
from typing import Any

from advviz.fields import SpecClass, read, written

METAVARS = {float: "X", int: "N", bool: "true|false"}
NAMED_METAVARS = {
    "model": "ID",
    "image": "IMAGE",
    "target": "CLASS",
    "explained": "CLASS",
    "start": "noise|IMAGE",
    "data": "digits|cifar10|FOLDER",
    "classes": "A,B",
}
IMAGE_HELP = (
    "a PNG, JPEG or WebP file, sample:ID of the gallery, result:LINK of an attack, "
    "or result.npz as attack writes it: then exactly its array `adversarial`"
)


def add_image(parser: argparse.ArgumentParser) -> None:
    """Declare the image, which has no flag."""
    parser.add_argument("image", metavar="IMAGE", help=IMAGE_HELP)


def add_question(parser: argparse.ArgumentParser, spec: type[SpecClass]) -> None:
    """Declare the options of a command that asks about an image and prints the answer."""
    add_image(parser)
    add_fields(parser, spec, skip=("image",))
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_fields(
    parser: argparse.ArgumentParser, spec: type[SpecClass], skip: Collection[str] = ()
) -> None:
    """Declare an option for each field of a spec but those to skip.

    Values stay words until `given` reads them: argparse would hide what is wrong with one.
    """
    for field in fields(spec):
        if field.name not in skip:
            _add(parser, field)


def _add(parser: argparse.ArgumentParser, field: Field[Any]) -> None:
    meta = field.metadata
    needed = field.default is MISSING
    described = meta["help"] if needed else f"{meta['help']} (default {written(field.default)})"
    if NAMED_METAVARS.get(field.name) == "CLASS":
        described += "; by id, name or WordNet id"
    chosen = "|".join(meta.get("options", ()))
    bare: dict[str, Any] = {"nargs": "?", "const": "true"} if meta["type"] is bool else {}
    parser.add_argument(
        f"--{field.name.replace('_', '-')}",
        dest=field.name,
        default=argparse.SUPPRESS,
        required=needed,
        metavar=chosen or NAMED_METAVARS.get(field.name) or METAVARS.get(meta["type"], "NAME"),
        help=described.replace("%", "%%"),
        **bare,
    )


def given(args: argparse.Namespace, spec: type[SpecClass]) -> dict[str, Any]:
    """Read the values that the command line gives for a spec's fields.

    Raises:
        InvalidInputError: words that are no value of their field.
    """
    return {
        field.name: read(field.name, getattr(args, field.name), field.metadata)
        for field in fields(spec)
        if hasattr(args, field.name)
    }
