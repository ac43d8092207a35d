"""The head of a chapter's file: YAML between two lines of dashes, every field checked by name."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import yaml

from advviz.errors import AdvvizError, InvalidInputError
from advviz.lessons.chapter import CONTROLS, OVER, PAGES, SHOWS, Experiment

DASHES = "---"
CHAPTER = ("title", "summary", "experiments", "references")
WORDS = ("title", "question", "options", "look_for")
"""Fields of an experiment that are text; a translation may leave out all others but the id."""

OPTIONAL = ("over", "values", "page")

Check = tuple[str, Callable[[Any], bool]]


def split(text: str) -> tuple[dict[str, Any], str]:
    """Take a file apart into its front matter and its body.

    Raises:
        InvalidInputError: there is no front matter, or it is no YAML.
    """
    first, *rest = text.lstrip("\ufeff").splitlines() or [""]
    if first.strip() != DASHES or DASHES not in (line.strip() for line in rest):
        raise InvalidInputError(
            "it must begin with front matter between two lines of ---, got none; "
            "copy those of another chapter"
        )
    end = next(i for i, line in enumerate(rest) if line.strip() == DASHES)
    try:
        values = yaml.safe_load("\n".join(rest[:end]))
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 2}" if where else ""
        problem = getattr(error, "problem", None) or "a mistake"
        raise InvalidInputError(f"its front matter is no YAML: {problem}{line}") from error
    if not isinstance(values, dict):
        raise InvalidInputError("its front matter must be fields and values, got something else")
    return values, "\n".join(rest[end + 1 :])


def check_chapter(values: Mapping[str, Any]) -> None:
    """Refuse fields that are missing, unknown or of another type.

    Raises:
        InvalidInputError: names the field.
    """
    _check_names(values, CHAPTER, CHAPTER, "")
    _check("title", values["title"], _TEXT)
    _check("summary", values["summary"], _TEXT)
    _check("references", values["references"], _TEXTS)
    _check("experiments", values["experiments"], _TABLES)
    ids = [entry.get("id") for entry in values["experiments"]]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise InvalidInputError(f"its field experiments has the id {twice!r} twice; rename one")


def read_experiment(
    values: Mapping[str, Any], place: int, originals: Mapping[str, Experiment]
) -> Experiment:
    """Read one experiment of a chapter.

    Args:
        values: its fields.
        place: its number in the list, from 1, for messages.
        originals: experiments of the same chapter in English, by id: what a translation does
            not say again is taken from there.

    Raises:
        InvalidInputError: names the field.
    """
    where = f"experiments {place}: "
    original = originals.get(str(values.get("id")))
    if original is not None:
        taken = {f.name: getattr(original, f.name) for f in fields(Experiment)}
        kept = {k: v for k, v in taken.items() if k not in WORDS}
        values = {k: list(v) if isinstance(v, tuple) else v for k, v in kept.items()} | dict(values)
    needed = [f.name for f in fields(Experiment) if f.name not in OPTIONAL]
    _check_names(values, needed, [f.name for f in fields(Experiment)], where)
    for name, value in values.items():
        _check(where + name, value, FIELDS[name])
    found = Experiment(**{k: _frozen(v) for k, v in values.items()})
    if (found.shows == "series") != bool(found.over and found.values):
        raise InvalidInputError(
            f"its field {where}over, with values, belongs to what shows a series, and only there"
        )
    try:
        _ = found.spec
    except AdvvizError as error:
        raise InvalidInputError(f"its field {where}link cannot be used: {error}") from error
    return found


def _check_names(
    values: Mapping[str, Any], needed: tuple[str, ...] | list[str], known: Any, where: str
) -> None:
    missing = [name for name in needed if name not in values]
    if missing:
        raise InvalidInputError(f"it lacks the field {where}{missing[0]}")
    unknown = sorted(str(name) for name in values if name not in known)
    if unknown:
        raise InvalidInputError(
            f"it has an unknown field {where}{unknown[0][:40]}; there are {', '.join(known)}"
        )


def _check(name: str, value: Any, check: Check) -> None:
    what, fits = check
    if not fits(value):
        raise InvalidInputError(f"its field {name} must be {what}, got {repr(value)[:80]}")


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(str(each) for each in value)
    return value.strip() if isinstance(value, str) else value


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and value.replace("-", "").isalnum() and value.isascii()


def _among(options: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in options


def _some(low: int, high: int, fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, list) and low <= len(value) <= high and all(map(fits, value))
    )


def _is_stop(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


_TEXT: Check = ("a text", _is_text)
_TEXTS: Check = ("a list of texts", _some(1, 20, _is_text))
_TABLES: Check = (
    "a list of experiments, each with its fields",
    _some(1, 8, lambda value: isinstance(value, dict)),
)
FIELDS: Mapping[str, Check] = {
    "id": ("small letters, digits and dashes", _is_id),
    "title": _TEXT,
    "link": _TEXT,
    "shows": (f"one of {', '.join(SHOWS)}", _among(SHOWS)),
    "controls": (f"one or two of {', '.join(CONTROLS)}", _some(1, 2, _among(CONTROLS))),
    "question": _TEXT,
    "options": ("a list of two to six texts", _some(2, 6, _is_text)),
    "look_for": _TEXT,
    "over": (f"one of {', '.join(OVER)}", lambda value: value == "" or _among(OVER)(value)),
    "page": (f"one of {', '.join(PAGES)}", lambda value: value == "" or _among(PAGES)(value)),
    "values": ("a list of one to thirteen stops", _some(0, 13, _is_stop)),
}
