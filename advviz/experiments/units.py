"""What feature visualization can raise, in words: one term, or a weighted sum of terms.

    class:cat                         a class
    unit:3, channel:LAYER:3           a unit before the classes, a channel of a layer
    dot:LAYER:VECTOR                  the dot product of a layer's features with a vector
    cosine:LAYER:VECTOR               the cosine of the angle between the two
    class:cat - 0.5 class:dog         a sum: signs stand between spaces, weights before a term

A VECTOR is `random-SEED`, numbers by unit (`3=1,17=-0.5`), or a picture, `sample:ID` or
`sha256:DIGEST`, for the features that the layer has for it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from advviz.data import images
from advviz.errors import InvalidInputError
from advviz.models.records import ModelRecord

FORMS = "class:NAME, unit:N, channel:LAYER:N, dot:LAYER:VECTOR or cosine:LAYER:VECTOR"
DIRECTIONS = ("dot", "cosine")
RANDOM = "random-"
MOST_TERMS, MOST_WEIGHT = 8, 1000.0

_KIND = r"(?:class|unit|channel|dot|cosine):"
_NUMBER = r"(?:\d+(?:\.\d*)?(?:/\d+)?)"
_BETWEEN = re.compile(rf"\s+([+-])\s+(?={_NUMBER}?\s*\*?\s*{_KIND})")
_TERM = re.compile(rf"([+-]?)\s*({_NUMBER}?)\s*\*?\s*({_KIND}.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that is raised, or with a negative weight lowered.

    Args:
        weight: not zero.
        what: "class", "unit", "channel", "dot" or "cosine".
        name: what stands behind the colon.
    """

    weight: float
    what: str
    name: str

    @property
    def layer(self) -> str:
        """Name the layer of a channel or a direction; nothing of others."""
        if self.what == "channel":
            return self.name.rpartition(":")[0]
        return self.name.partition(":")[0] if self.what in DIRECTIONS else ""

    @property
    def vector(self) -> str:
        """Name the vector of a direction."""
        return self.name.partition(":")[2]

    @property
    def picture(self) -> str | None:
        """Return the picture whose features are the direction, if it is one."""
        is_picture = self.what in DIRECTIONS and self.vector.startswith(images.PREFIXES)
        return self.vector if is_picture else None


def terms(unit: str) -> tuple[Term, ...]:
    """Split what is raised into its terms.

    Raises:
        InvalidInputError: words of another form, a weight out of range, or too many terms.
    """
    first, *rest = _BETWEEN.split(unit)
    pairs = [("+", first), *zip(rest[::2], rest[1::2], strict=True)]
    if len(pairs) > MOST_TERMS:
        raise InvalidInputError(f"a sum may have {MOST_TERMS} terms, got {len(pairs)}")
    return tuple(_term(sign, words, unit) for sign, words in pairs)


def _term(sign: str, words: str, unit: str) -> Term:
    found = _TERM.fullmatch(words.strip())
    if found is None:
        raise InvalidInputError(f"unit must be {FORMS}, or a sum of these, got {unit!r}")
    own, number, rest = found.groups()
    try:
        weight = float(Fraction(number)) if number else 1.0
    except (ZeroDivisionError, ValueError) as error:
        raise InvalidInputError(f"a weight must be a number, got {number!r}") from error
    if not 0 < weight <= MOST_WEIGHT:
        raise InvalidInputError(f"a weight must lie in (0, {MOST_WEIGHT:g}], got {weight:g}")
    what, _, name = rest.partition(":")
    return Term(-weight if (sign == "-") != (own == "-") else weight, what, name)


def class_of(unit: str) -> str | None:
    """Return the class that is raised, where that is all; None of anything else."""
    what, _, name = unit.partition(":")
    return name if what == "class" and len(_BETWEEN.split(unit)) == 1 else None


def is_sum(unit: str) -> bool:
    """Say whether more is raised than one class, unit or channel."""
    what = unit.partition(":")[0]
    return what not in ("class", "unit", "channel") or len(_BETWEEN.split(unit)) > 1


def has_class(unit: str) -> bool:
    """Say whether a class is among the terms."""
    return unit.startswith("class:") or any("class:" in term for term in _BETWEEN.split(unit))


def pictures_of(unit: str) -> tuple[str, ...]:
    """List the pictures whose features are directions; none of words that cannot be read."""
    try:
        return tuple(term.picture for term in terms(unit) if term.picture)
    except InvalidInputError:
        return ()


def renamed(unit: str, name: Callable[[str], str]) -> str:
    """Write what is raised with other names of its classes; what it does not name stays."""
    if class_of(unit) is not None:
        return f"class:{name(unit.partition(':')[2])}"
    found = terms(unit)
    if len(found) == 1 and found[0].weight == 1:
        return unit
    return written(
        replace(term, name=name(term.name)) if term.what == "class" else term for term in found
    )


def written(of: Any) -> str:
    """Write terms so that `terms` gives the same ones back."""
    return "".join(_written(place, term) for place, term in enumerate(of))


def _written(place: int, term: Term) -> str:
    size = "" if abs(term.weight) == 1 else f"{abs(term.weight):.15g} "
    signs = (" + ", " - ") if place else ("", "-")
    return f"{signs[term.weight < 0]}{size}{term.what}:{term.name}"


def parse_unit(unit: str, described: ModelRecord) -> tuple[str, int]:
    """Split the name of a single class, unit or channel into a tap and an index.

    Raises:
        InvalidInputError: a name of another form, an unknown class or layer, or an index
            outside the layer.
    """
    what, _, rest = unit.partition(":")
    if what == "class":
        return "logits", described.class_index(rest)
    if not described.layers:
        raise InvalidInputError(f"{described.id} names no layers; draw a class: class:NAME")
    penultimate = described.penultimate or ""
    layer, _, index = (penultimate, "", rest) if what == "unit" else rest.rpartition(":")
    if what not in ("unit", "channel") or not index.isdecimal():
        raise InvalidInputError(f"unit must be {FORMS}, or a sum of these, got {unit!r}")
    _check_layer(layer, described)
    if int(index) >= described.layers[layer]:
        raise InvalidInputError(
            f"unit must lie in [0, {described.layers[layer]}) of {layer}, got {index}"
        )
    return layer, int(index)


def _check_layer(layer: str, described: ModelRecord) -> None:
    if layer not in described.layers:
        raise InvalidInputError(
            f"layer must be one of {', '.join(described.layers)}, got {layer!r}"
        )


def check_unit(unit: str, described: ModelRecord) -> None:
    """Refuse what a model cannot be asked for.

    Raises:
        InvalidInputError: see `terms`, `parse_unit` and `numbers_of`.
    """
    for term in terms(unit):
        if term.what not in DIRECTIONS:
            parse_unit(f"{term.what}:{term.name}", described)
            continue
        _check_layer(term.layer, described)
        if term.picture is None and not _is_random(term.vector):
            dict(numbers_of(term.vector, described.layers[term.layer]))


def _is_random(vector: str) -> bool:
    return vector.startswith(RANDOM) and vector.removeprefix(RANDOM).isdecimal()


def numbers_of(vector: str, width: int) -> Iterator[tuple[int, float]]:
    """Read a vector that is given as numbers by unit.

    Raises:
        InvalidInputError: words of another form, or a unit outside the layer.
    """
    for pair in vector.split(","):
        index, mark, number = pair.partition("=")
        try:
            found = int(index), float(Fraction(number.strip()))
        except (ValueError, ZeroDivisionError) as error:
            raise InvalidInputError(
                "a direction must be random-SEED, sample:ID, sha256:DIGEST or numbers by unit "
                f"such as 3=1,17=-0.5, got {vector!r}"
            ) from error
        if not mark or not 0 <= found[0] < width:
            raise InvalidInputError(f"a unit must lie in [0, {width}), got {index!r}")
        yield found
