"""What every control is made of: its field's words and range, and what a choice changes."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import streamlit as st

from advviz.errors import InvalidInputError
from advviz.ui.language import labelled, term
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.why import why_field


def meta_of(spec: type[Any], name: str) -> Any:
    """What a spec declares of a field: its type, its range or options, its words."""
    for field in fields(spec):
        if field.name == name:
            return field.metadata
    raise InvalidInputError(f"{spec.__name__} has no field {name}")


def help_of(spec: type[Any], name: str) -> str:
    """The words that a spec has for a field, in the reader's language; and the chapter on it."""
    return term(str(meta_of(spec, name)["help"])) + why_field(spec, name)


def on_board(name: str) -> Callable[[Setup, Any], Setup]:
    """The change of one field that all pages share."""
    return lambda setup, value: setup.with_board(**{name: value})


def count(setup: Setup, label: str, name: str, spec: type[Any]) -> None:
    """Give a whole number of the board, within the range that its spec declares."""
    meta = meta_of(spec, name)
    st.number_input(
        label,
        meta["low"],
        meta["high"],
        help=help_of(spec, name),
        **control(f"av.{name}", getattr(setup.board, name), on_board(name)),
    )


def choose(
    label: str, spec: type[Any], name: str, bound: dict[str, Any], names: dict[str, str]
) -> None:
    """Choose one of the few words that a field of a spec allows."""
    options = meta_of(spec, name)["options"]
    st.segmented_control(
        label,
        options,
        required=True,
        format_func=labelled(options, lambda option: names.get(option, term(option))),
        help=help_of(spec, name),
        **bound,
    )
