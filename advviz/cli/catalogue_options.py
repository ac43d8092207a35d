"""Options of the methods of a catalogue, and how they become fields of a spec."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from advviz.cli.options import METAVARS, add_fields, given
from advviz.errors import InvalidInputError
from advviz.experiments.options import params_from, written_options
from advviz.fields import SpecClass, written


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """A catalogue, as far as its options go.

    Args:
        field: of a spec, that names the method.
        default: the method where none is named.
        entries: by name; each has `params`, a dataclass.
        own: fields of a spec that are parameters of the first methods.
        first: methods that a spec's own fields tell everything.
    """

    field: str
    default: str
    entries: Mapping[str, Any]
    own: tuple[str, ...]
    first: tuple[str, ...]


def add_method_fields(
    parser: argparse.ArgumentParser, spec: type[SpecClass], methods: Methods
) -> None:
    """Declare an option for each field of a spec with a method, and for each parameter of any.

    A parameter of several methods has one option; each method has its own default and range.
    """
    add_fields(parser, spec, skip=("image", "options"))
    for name, described in _of_others(methods).items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            dest=name,
            default=argparse.SUPPRESS,
            metavar=METAVARS.get(described["type"], "NAME"),
            help=described["help"],
        )
    parser.epilog = "; ".join(_in_words(name, methods) for name in methods.entries)


def _of_others(methods: Methods) -> dict[str, dict[str, Any]]:
    """List the parameters that the first methods lack: their type, and which method takes them."""
    found: dict[str, dict[str, Any]] = {}
    for name, entry in methods.entries.items():
        for field in fields(entry.params):
            if field.name not in methods.own:
                meta = field.metadata
                words = f"{name}: {meta['help']} (default {written(field.default)})"
                option = found.setdefault(field.name, {"type": meta["type"], "help": ""})
                option["help"] = "; ".join(filter(None, (option["help"], words))).replace("%", "%%")
    return found


def _in_words(name: str, methods: Methods) -> str:
    """Say which parameters a method takes, with their defaults."""
    declared = fields(methods.entries[name].params)
    options = [f"--{f.name.replace('_', '-')} {written(f.default)}" for f in declared]
    return f"{name} takes {' '.join(options) or 'no options'}"


def given_with_method(
    args: argparse.Namespace, spec: type[SpecClass], methods: Methods
) -> dict[str, Any]:
    """Read the values that the command line gives for the fields of a spec with a method.

    Raises:
        InvalidInputError: words that are no value of their field, or an option that the method
            does not take.
    """
    chosen = getattr(args, methods.field, methods.default)
    others = {n: getattr(args, n) for n in _of_others(methods) if hasattr(args, n)}
    if chosen in methods.first or chosen not in methods.entries:
        if others:
            raise InvalidInputError(f"{chosen} does not take --{_dashed(others)}")
        return given(args, spec)
    told = {name: getattr(args, name) for name in methods.own if hasattr(args, name)} | others
    rest = argparse.Namespace(**{k: v for k, v in vars(args).items() if k not in told})
    params = params_from(chosen, methods.entries[chosen].params, told)
    return {**given(rest, spec), "options": written_options(params)}


def _dashed(names: dict[str, str]) -> str:
    return ", --".join(name.replace("_", "-") for name in names)
