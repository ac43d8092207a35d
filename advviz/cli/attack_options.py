"""Options of the attacks of the catalogue, and how they become fields of a spec."""

import argparse
from dataclasses import fields
from typing import Any

from advviz.attacks.catalogue import attacks
from advviz.cli.options import METAVARS, add_fields, given
from advviz.errors import InvalidInputError
from advviz.experiments.attack_choice import PGD, PGD_FIELDS, params_from, written_options
from advviz.fields import SpecClass, written


def add_attack_fields(parser: argparse.ArgumentParser, spec: type[SpecClass]) -> None:
    """Declare an option for each field of a spec with an attack, and for each parameter of any.

    A parameter of several attacks has one option; each attack has its own default and range.
    """
    add_fields(parser, spec, skip=("image", "options"))
    for name, described in _of_others().items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            dest=name,
            default=argparse.SUPPRESS,
            metavar=METAVARS.get(described["type"], "NAME"),
            help=described["help"],
        )
    parser.epilog = "; ".join(_in_words(name) for name in attacks())


def _of_others() -> dict[str, dict[str, Any]]:
    """List the parameters that PGD does not have: their type, and which attack takes them."""
    found: dict[str, dict[str, Any]] = {}
    for attack in attacks().values():
        for field in fields(attack.params):
            if field.name not in PGD_FIELDS:
                meta = field.metadata
                words = f"{attack.name}: {meta['help']} (default {written(field.default)})"
                entry = found.setdefault(field.name, {"type": meta["type"], "help": ""})
                entry["help"] = "; ".join(filter(None, (entry["help"], words))).replace("%", "%%")
    return found


def _in_words(name: str) -> str:
    """Say which parameters an attack takes, with their defaults."""
    declared = fields(attacks()[name].params)
    options = (f"--{f.name.replace('_', '-')} {written(f.default)}" for f in declared)
    return f"{name} takes {' '.join(options)}"


def given_with_attack(args: argparse.Namespace, spec: type[SpecClass]) -> dict[str, Any]:
    """Read the values that the command line gives for the fields of a spec with an attack.

    Raises:
        InvalidInputError: words that are no value of their field, or an option that the attack
            does not take.
    """
    chosen = getattr(args, "attack", PGD)
    others = {name: getattr(args, name) for name in _of_others() if hasattr(args, name)}
    if chosen == PGD or chosen not in attacks():
        if others:
            raise InvalidInputError(f"{chosen} does not take --{_dashed(others)}")
        return given(args, spec)
    of_pgd = {name: getattr(args, name) for name in PGD_FIELDS if hasattr(args, name)}
    told = of_pgd | others
    rest = argparse.Namespace(**{k: v for k, v in vars(args).items() if k not in told})
    return {**given(rest, spec), "options": written_options(params_from(chosen, told))}


def _dashed(names: dict[str, str]) -> str:
    return ", --".join(name.replace("_", "-") for name in names)
