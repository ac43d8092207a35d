"""What a field of a spec may hold: the door that every link, flag and widget goes through."""

from collections.abc import Mapping
from dataclasses import Field, field, fields
from fractions import Fraction
from math import copysign, isfinite
from typing import Any, ClassVar, Protocol

from advviz.errors import InvalidInputError

AUTO = "auto"


class SpecClass(Protocol):
    """A spec's class, as far as its fields go."""

    kind: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def number(default: float, low: float, high: float, help: str, *, auto: bool = False) -> Any:
    """Declare a float field: its default, its interactive range, and its words.

    With `auto` the field may also hold "auto", which is its default.
    """
    meta = {"type": float, "low": low, "high": high, "help": help, "auto": auto}
    return field(default=AUTO if auto else default, metadata=meta)


def count(default: int, low: int, high: int, help: str, *, auto: bool = False) -> Any:
    """Declare an integer field; with `auto` it may also hold "auto", which is its default."""
    meta = {"type": int, "low": low, "high": high, "help": help, "auto": auto}
    return field(default=AUTO if auto else default, metadata=meta)


def switch(default: bool, help: str) -> Any:
    """Declare a yes/no field."""
    return field(default=default, metadata={"type": bool, "help": help})


def choice(default: str, options: tuple[str, ...], help: str) -> Any:
    """Declare a field that holds one of a few words."""
    return field(default=default, metadata={"type": str, "options": options, "help": help})


def text(help: str, default: str | None = None) -> Any:
    """Declare a field that holds a name, checked where it is looked up."""
    meta = {"type": str, "help": help}
    return field(metadata=meta) if default is None else field(default=default, metadata=meta)


def added(declared: Any, absent: Any) -> Any:
    """Declare a field that a spec did not have at first.

    Args:
        declared: the field.
        absent: what a link from before it means, whatever the default becomes.
    """
    return field(default=declared.default, metadata={**declared.metadata, "absent": absent})


def check(spec: Any) -> None:
    """Raise InvalidInputError if any field of a spec is out of its range."""
    for f in fields(spec):
        _check_value(f.name, getattr(spec, f.name), f.metadata)


def _check_value(name: str, value: Any, meta: Mapping[str, Any]) -> None:
    if meta.get("auto") and value == AUTO:
        return
    kind = meta["type"]
    if kind is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidInputError(f"{name} must be a number, got {value!r}")
        if not isfinite(value) or (value == 0 and copysign(1, value) < 0):
            raise InvalidInputError(f"{name} must be a finite number, got {value}")
    elif type(value) is not kind:
        raise InvalidInputError(f"{name} must be of type {kind.__name__}, got {value!r}")
    if "low" in meta and not meta["low"] <= value <= meta["high"]:
        raise InvalidInputError(f"{name} must lie in [{meta['low']}, {meta['high']}], got {value}")
    if "options" in meta and value not in meta["options"]:
        raise InvalidInputError(
            f"{name} must be one of {', '.join(meta['options'])}, got {value!r}"
        )


def written(value: Any) -> str:
    """Write a field's value so that `read` gives the same value back."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def read(name: str, words: str, meta: Mapping[str, Any]) -> Any:
    """Read a field's value from a link or a command line.

    Raises:
        InvalidInputError: words that are no value of this field, in one sentence.
    """
    kind = meta["type"]
    if kind is str or (meta.get("auto") and words == AUTO):
        return words
    try:
        if kind is bool:
            return {"true": True, "false": False}[words]
        if kind is int:
            return int(words)
        return float(Fraction(words)) if "/" in words else float(words)
    except (ValueError, KeyError, ZeroDivisionError, OverflowError) as error:
        expected = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
        raise InvalidInputError(f"{name} must be {expected}, got {words!r}") from error
