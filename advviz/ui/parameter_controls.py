"""Controls made from what a catalogue declares of a method's parameters."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from advviz.fields import AUTO
from advviz.ui.language import labelled, say, term
from advviz.ui.why import why


def label_of(name: str) -> str:
    """Name a parameter for people, in the reader's language."""
    return term(name.replace("_", " ")).capitalize()


def widget(
    name: str,
    meta: Any,
    bound: dict[str, Any],
    *,
    chapter: str,
    layers: Iterable[str] = (),
    **size: Any,
) -> None:
    """Draw the widget that fits a parameter's type.

    Args:
        name: of the parameter.
        meta: what its field declares.
        bound: what `state.control` returns; of a parameter that may be "auto", `shown` is its
            value there.
        chapter: the subject of the chapter that the help leads to; see `why`.
        layers: offered where the parameter is a layer; any other name can be typed.
        size: such as width=150.
    """
    label, words = label_of(name), term(meta["help"]) + why(chapter)
    if name == "layer":
        held = st.session_state.get(bound["key"], AUTO)
        offered = list(dict.fromkeys((AUTO, held, *layers)))
        st.selectbox(label, offered, accept_new_options=True, help=words, **bound, **size)
        return
    if meta["type"] is bool:
        st.toggle(label, help=words, **bound, **size)
    elif "options" in meta:
        named = labelled(meta["options"], term)
        st.selectbox(label, meta["options"], format_func=named, help=words, **bound, **size)
    elif meta["type"] is str:
        st.text_input(label, help=words, **bound, **size)
    else:
        _number(label, meta, bound, help=words, **size)


def _number(label: str, meta: Any, bound: dict[str, Any], **words: Any) -> None:
    if meta.get("auto"):
        words |= {"value": None, "placeholder": say("auto")}
    if meta["type"] is float:
        words["format"] = "%.4g"
    st.number_input(label, meta["low"], meta["high"], **words, **bound)


def shown(value: Any, meta: Any) -> Any:
    """What a widget holds for a value: nothing, where a number is left to the rule."""
    return None if _is_left(value, meta) else value


def told(value: Any, meta: Any) -> Any:
    """The value that a widget's content stands for."""
    left_empty = meta["type"] is not bool and value in (None, "")
    return AUTO if left_empty and (meta.get("auto") or meta["type"] is str) else value


def _is_left(value: Any, meta: Any) -> bool:
    return bool(meta.get("auto")) and value == AUTO
