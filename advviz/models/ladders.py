"""Ladders: models of one family that differ in how strongly they were trained against attacks."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

from advviz.errors import UnknownNameError
from advviz.models.records import ModelRecord, catalogue

_TRAINING = re.compile(r"(-standard|(-robust)?-(l2|linf)(-(eps)?[0-9.]+)?)$")
"""What an id says of the training, behind the name of the family."""


@cache
def ladders() -> Mapping[str, tuple[ModelRecord, ...]]:
    """Return the rungs of every ladder by its name, from the weakest training to the strongest.

    A ladder is named for its family and the norm of its training attacks: `tiny14-l2`. The
    models that were trained without an attacker are the lowest rungs of each ladder of their
    family; a model without kin is a ladder of one rung.
    """
    found: dict[str, tuple[ModelRecord, ...]] = {}
    for name, kin in _families().items():
        trained = [r for r in kin if r.training_norm and r.training_eps > 0]
        standard = [r for r in kin if r not in trained]
        norms = sorted({str(r.training_norm) for r in trained})
        for norm in norms:
            robust = [r for r in trained if r.training_norm == norm]
            robust.sort(key=lambda r: (r.training_eps, r.id))
            found[f"{name}-{norm}"] = (*standard, *robust)
        if not norms:
            found[name] = tuple(standard)
    return MappingProxyType(found)


def rungs(family: str) -> tuple[ModelRecord, ...]:
    """Return the rungs of one ladder.

    Raises:
        UnknownNameError: no such ladder; the message lists those there are.
    """
    found = ladders()
    if family not in found:
        raise UnknownNameError(f"no ladder is called {family!r}; there are {', '.join(found)}")
    return found[family]


def ladder_of(standard: str, robust: str) -> str:
    """Name the ladder on which two models stand; if there is none, one with the robust model.

    Raises:
        UnknownNameError: neither model is on any ladder.
    """
    ids = {name: {r.id for r in kin} for name, kin in ladders().items()}
    for wanted in ({standard, robust}, {robust}, {standard}):
        for name, members in ids.items():
            if wanted <= members:
                return name
    raise UnknownNameError(
        f"{standard[:40]} and {robust[:40]} stand on no ladder; choose models of the catalogue"
    )


def _families() -> dict[str, list[ModelRecord]]:
    """Group the catalogue by what ids begin with; what differs in more than training is apart."""
    found: dict[str, list[ModelRecord]] = {}
    for described in catalogue().values():
        name = _TRAINING.sub("", described.id)
        if not _fits(found.get(name, ()), described):
            name = described.id
        found.setdefault(name, []).append(described)
    return found


def _fits(kin: Sequence[ModelRecord], other: ModelRecord) -> bool:
    return all(
        (r.architecture, r.input_size, r.classes)
        == (other.architecture, other.input_size, other.classes)
        for r in kin[:1]
    )
