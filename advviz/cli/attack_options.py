"""Options of the attacks of the catalogue, and how they become fields of a spec."""

import argparse
from typing import Any

from advviz.attacks.catalogue import attacks
from advviz.cli.catalogue_options import Methods, add_method_fields, given_with_method
from advviz.experiments.attack_choice import PGD, PGD_FIELDS
from advviz.fields import SpecClass

ATTACKS = Methods(field="attack", default=PGD, entries=attacks(), own=PGD_FIELDS, first=(PGD,))


def add_attack_fields(parser: argparse.ArgumentParser, spec: type[SpecClass]) -> None:
    """Declare an option for each field of a spec with an attack, and for each parameter of any."""
    add_method_fields(parser, spec, ATTACKS)


def given_with_attack(args: argparse.Namespace, spec: type[SpecClass]) -> dict[str, Any]:
    """Read the values that the command line gives for the fields of a spec with an attack.

    Raises:
        InvalidInputError: words that are no value of their field, or an option that the attack
            does not take.
    """
    return given_with_method(args, spec, ATTACKS)
