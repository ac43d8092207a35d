"""The parameters of a method of a catalogue, together in one field of a spec.

They stand there in full, by name: `restarts=1,steps=100`. So a link means the same when a
default changes, and a method that is added to a catalogue needs no new field.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from advviz.errors import InvalidInputError
from advviz.fields import read, written


def read_options(name: str, params: type[Any], options: str) -> Any:
    """Read the options of a method; what they do not say has its default.

    Args:
        name: of the method, for the words of an error.
        params: dataclass of its parameters.
        options: as `written_options` writes them, or fewer.

    Raises:
        InvalidInputError: options of another form, of other names, or out of range.
    """
    pairs = [pair.partition("=") for pair in options.split(",") if pair]
    given = {key.strip(): value.strip() for key, _, value in pairs}
    if len(given) < len(pairs):
        raise InvalidInputError(f"options must name every parameter once, got {options!r}")
    return params_from(name, params, given)


def params_from(name: str, params: type[Any], given: Mapping[str, str]) -> Any:
    """Make the parameters of a method from words; what is not given has its default.

    Raises:
        InvalidInputError: a parameter that the method does not have, or a value out of range.
    """
    declared = {field.name: field.metadata for field in fields(params)}
    for key in given:
        if key not in declared:
            known = ", ".join(declared) or "no options"
            raise InvalidInputError(f"{name} takes {known}, got {key!r}")
    return params(**{key: read(key, words, declared[key]) for key, words in given.items()})


def written_options(params: Any) -> str:
    """Write parameters so that `read_options` gives the same ones back."""
    values = {field.name: getattr(params, field.name) for field in fields(params)}
    return ",".join(f"{name}={written(values[name])}" for name in sorted(values))
