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
from advviz.experiments import options as told
from advviz.fields import added, choice, text

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
    full = told.written_options(read_options(chosen.name, spec.options))
    object.__setattr__(spec, "options", full)  # frozen from here on
    for field in fields(spec):
        if field.name in PGD_FIELDS:
            object.__setattr__(spec, field.name, field.default)


def refuse_minimal_in_eight_bits(name: str, quantized: bool) -> None:
    """Refuse an attack that looks for the smallest change where it may not make one.

    Raises:
        InvalidInputError: with the attacks that 8 bits can be asked of.
    """
    if quantized and attack_named(name).minimal:
        others = ", ".join(attack.name for attack in attacks().values() if not attack.minimal)
        raise InvalidInputError(
            f"quantized must be false for {name}, which looks for a change smaller than 8 bits "
            f"can hold; within a ball, 8 bits can be asked of {others}"
        )


def params_of(spec: Any) -> Any:
    """Return the parameters of a spec's attack, as the catalogue declares them."""
    if spec.attack == PGD:
        return parameters.PGD(**{name: getattr(spec, name) for name in PGD_FIELDS})
    return read_options(spec.attack, spec.options)


def read_options(name: str, options: str) -> Any:
    """Read the options of an attack; see `options.read_options`."""
    return told.read_options(name, attack_named(name).params, options)


def params_from(name: str, given: Mapping[str, str]) -> Any:
    """Make the parameters of an attack from words; see `options.params_from`."""
    return told.params_from(name, attack_named(name).params, given)


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
