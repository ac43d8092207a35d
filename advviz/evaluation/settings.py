"""The attacks that an evaluation may use, and what each is told."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, fields
from typing import Any

from advviz.attacks.catalogue import Attack, attack_named
from advviz.errors import InvalidInputError
from advviz.fields import read

DEFAULTS: Mapping[str, Mapping[str, Any]] = {"pgd": {"steps": 50, "random_start": True}}
"""What an evaluation tells an attack that a single picture's attack is not told."""


def names_of(attack: Attack) -> tuple[str, ...]:
    """List the parameters of an attack."""
    return tuple(f.name for f in fields(attack.params))


def params_of(attack: Attack, shared: Mapping[str, Any], own: Mapping[str, Any]) -> Any:
    """Make the parameters of an attack.

    Args:
        attack: of the catalogue.
        shared: values for all attacks that search in a ball; those that this one does not have
            are left out. An attack that searches the smallest change counts steps otherwise.
        own: values for this attack alone.

    Raises:
        InvalidInputError: a value of its own that it does not have, or one out of range.
    """
    known = names_of(attack)
    for name in own:
        if name not in known:
            raise InvalidInputError(
                f"{attack.name} has no parameter {name!r}; it has {', '.join(known) or 'none'}"
            )
    common = {} if attack.minimal else shared
    told = {**DEFAULTS.get(attack.name, {}), **common, **own}
    return attack.params(**{name: value for name, value in told.items() if name in known})


def read_setting(word: str) -> tuple[str, str, Any]:
    """Read ATTACK.NAME=VALUE.

    Returns:
        The attack, the parameter, its value.

    Raises:
        InvalidInputError: another form, an unknown attack or parameter, or no value of it.
    """
    where, equals, value = word.partition("=")
    name, dot, parameter = where.partition(".")
    if not (equals and dot):
        raise InvalidInputError(f"a setting must be ATTACK.NAME=VALUE, got {word[:60]!r}")
    attack = attack_named(name)
    for field in fields(attack.params):
        if field.name == parameter:
            return name, parameter, read(f"{name}.{parameter}", value, meta_of(field))
    raise InvalidInputError(
        f"{name} has no parameter {parameter[:40]!r}; it has {', '.join(names_of(attack))}"
    )


def meta_of(field: Field[Any]) -> Mapping[str, Any]:
    """Return what is declared of a parameter; its type at least."""
    if "type" in field.metadata:
        return field.metadata
    default = None if field.default is MISSING else field.default
    return {**field.metadata, "type": str if default is None else type(default)}


def told(params: Any) -> dict[str, Any]:
    """Return parameters as JSON has them."""
    return asdict(params)
