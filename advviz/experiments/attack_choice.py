"""Which attack an experiment uses, and what that attack is told, as fields of a spec.

Projected gradient descent has its parameters in fields of their own, as links had them from
the beginning. Those of every other attack of the catalogue stand together in one field,
`options`, in full: `restarts=1,steps=100`. So a link means the same when a default changes,
and an attack that is added to the catalogue needs no new field.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from advviz.attacks import parameters
from advviz.attacks.catalogue import attack_named, attacks
from advviz.errors import InvalidInputError
from advviz.fields import added, choice, read, text, written

PGD = "pgd"
PGD_FIELDS = tuple(field.name for field in fields(parameters.PGD))
"""Fields of a spec that belong to projected gradient descent alone."""


def attack() -> Any:
    """Declare which attack is made."""
    return added(choice(PGD, tuple(attacks()), "attack"), absent=PGD)


def options() -> Any:
    """Declare what an attack other than PGD is told."""
    words = "parameters of an attack other than pgd, as name=value, by comma; empty: the defaults"
    return added(text(words, default=""), absent="")


def settle(spec: Any) -> None:
    """Write the options of a new spec in full, and clear what its attack does not look at.

    So specs that mean the same are equal.

    Raises:
        InvalidInputError: options that the attack does not have, or a norm that it does not
            work in; in one sentence.
    """
    chosen = attack_named(spec.attack)
    parameters.refuse_norm(chosen.name, spec.norm, chosen.norms)
    if chosen.name == PGD:
        if spec.options:
            raise InvalidInputError(
                f"options must be empty for pgd, whose parameters have fields of their own, "
                f"got {spec.options!r}"
            )
        return
    full = written_options(read_options(chosen.name, spec.options))
    object.__setattr__(spec, "options", full)  # frozen from here on
    for field in fields(spec):
        if field.name in PGD_FIELDS:
            object.__setattr__(spec, field.name, field.default)


def params_of(spec: Any) -> Any:
    """Return the parameters of a spec's attack, as the catalogue declares them."""
    if spec.attack == PGD:
        return parameters.PGD(**{name: getattr(spec, name) for name in PGD_FIELDS})
    return read_options(spec.attack, spec.options)


def read_options(name: str, options: str) -> Any:
    """Read the options of an attack; what they do not say has its default.

    Raises:
        InvalidInputError: options of another form, of other names, or out of range.
    """
    pairs = [pair.partition("=") for pair in options.split(",") if pair]
    given = {key.strip(): value.strip() for key, _, value in pairs}
    if len(given) < len(pairs):
        raise InvalidInputError(f"options must name every parameter once, got {options!r}")
    return params_from(name, given)


def params_from(name: str, given: Mapping[str, str]) -> Any:
    """Make the parameters of an attack from words; what is not given has its default.

    Raises:
        InvalidInputError: a parameter that the attack does not have, or a value out of range.
    """
    params = attack_named(name).params
    declared = {field.name: field.metadata for field in fields(params)}
    for key in given:
        if key not in declared:
            raise InvalidInputError(f"{name} takes {', '.join(declared)}, got {key!r}")
    return params(**{key: read(key, words, declared[key]) for key, words in given.items()})


def written_options(params: Any) -> str:
    """Write parameters so that `read_options` gives the same ones back."""
    values = {field.name: getattr(params, field.name) for field in fields(params)}
    return ",".join(f"{name}={written(values[name])}" for name in sorted(values))


def flat(spec: Any) -> Iterator[tuple[str, Any]]:
    """List the fields of any spec with their values; instead of options, single parameters."""
    names = [field.name for field in fields(spec)]
    if "options" not in names:
        yield from ((name, getattr(spec, name)) for name in names)
        return
    unused = ("options",) if spec.attack == PGD else ("options", *PGD_FIELDS)
    yield from ((name, getattr(spec, name)) for name in names if name not in unused)
    if spec.attack != PGD:
        params = params_of(spec)
        yield from ((field.name, getattr(params, field.name)) for field in fields(params))
