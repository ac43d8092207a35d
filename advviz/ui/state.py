"""Per-session state, and the one place where pages take the engine from.

A session keeps its set-up under one key. Widgets never own a choice: each shows a part of the
set-up and, when touched, replaces the set-up by another (`control`). The link is the same set-up
once more: read when it comes from outside, written back after every change.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from advviz import compute
from advviz.errors import AdvvizError
from advviz.experiments.protocol import Spec
from advviz.experiments.specs import PredictSpec
from advviz.models.records import record
from advviz.ui import language, permalinks
from advviz.ui import setup as setups
from advviz.ui.language import quote, say
from advviz.ui.setup import Setup
from advviz.ui.words import plain

_SETUP, _LINK, _TOUCHED, _NOTICE = "av.setup", "av.link", "av.touched", "av.notice"
_SESSION, _STOPPED, _FRESH = "av.session", "av.stopped", "av.fresh"


def engine() -> compute.Engine:
    """The process's engine; tests put another in its place."""
    return compute.engine()


def session() -> str:
    """A name for this session that nobody can guess, for the engine's views."""
    if _SESSION not in st.session_state:
        st.session_state[_SESSION] = secrets.token_hex(16)
    return str(st.session_state[_SESSION])


def first_questions() -> tuple[Spec, ...]:
    """What the engine is asked before anyone asks, as work that can wait.

    One prediction of each model of the pair, which loads torch and the weights; then what a
    visitor without a link sees on Home and on Compare.
    """
    setup = setups.default()
    models = (setup.board.standard, setup.board.robust)
    questions = [PredictSpec(model=model, image=setup.board.image) for model in models]
    return tuple(dict.fromkeys((*questions, *setup.board.specs())))


@dataclass(frozen=True, slots=True)
class Page:
    """What a page's link says: the kind of its spec, and the fields of the view it shows."""

    kind: str
    shown: tuple[str, ...]


def begin(page: Page) -> Setup:
    """Read the set-up at the start of a page: from the link if it is new, else the session's.

    A visitor who has just touched a control outranks the link, which may lag behind.
    """
    _drop_what_is_gone()
    current = get()
    words = st.query_params.to_dict()
    words.pop(language.PARAMETER, None)
    if not touched() and words and words != st.session_state.get(_LINK):
        try:
            put(permalinks.from_query(current, words))
        except AdvvizError as error:
            notice(
                say(
                    "This link cannot be used: {error}; the page shows the set-up below instead.",
                    error=quote(str(error)),
                )
            )
    _write_link(page, words)
    show_notice()
    return get()


def _drop_what_is_gone() -> None:
    """Go back to what every visitor sees where an uploaded model has left the server."""
    setup = get()
    try:
        for model in (setup.board.standard, setup.board.robust, setup.model, setup.visualize.model):
            record(model)
    except AdvvizError as error:
        put(setups.default())
        notice(say("{error}; the page shows what it begins with.", error=quote(str(error))))


def get() -> Setup:
    """The session's set-up."""
    if _SETUP not in st.session_state:
        st.session_state[_SETUP] = setups.default()
    found = st.session_state[_SETUP]
    return found if isinstance(found, Setup) else setups.default()


def put(setup: Setup) -> None:
    """Replace the session's set-up."""
    st.session_state[_SETUP] = setup


def control(key: str, value: Any, apply: Callable[[Setup, Any], Setup]) -> dict[str, Any]:
    """Keyword arguments that make a widget show `value` and change the set-up by `apply`."""
    key = language.of_widget(key)
    if st.session_state.get(key, _UNSET) != value:
        st.session_state[key] = value
    return {"key": key, "on_change": _touch, "args": (key, apply)}


def change(apply: Callable[[Setup], Setup]) -> None:
    """Change the set-up from a button's callback."""
    _touch(None, lambda setup, _: apply(setup))


_UNSET = object()


def _touch(key: str | None, apply: Callable[[Setup, Any], Setup]) -> None:
    st.session_state[_TOUCHED] = True
    try:
        put(apply(get(), None if key is None else st.session_state[key]))
    except AdvvizError as error:
        notice(say("{error}; the last choice was not taken.", error=quote(str(error))))


def notice(sentence: str) -> None:
    """Have the next run of the page say one sentence."""
    st.session_state[_NOTICE] = sentence


def touched() -> bool:
    """Say once whether a visitor has just touched a control, which outranks the link."""
    return bool(st.session_state.pop(_TOUCHED, False))


def show_notice() -> None:
    """Say the sentence that the last run left, once."""
    if _NOTICE in st.session_state:
        st.warning(plain(st.session_state.pop(_NOTICE)))


def _write_link(page: Page, shown: dict[str, str]) -> None:
    words = permalinks.to_query(get(), page.kind, page.shown)
    # What the browser says may be older than what was written last, and is still on its way.
    if shown != words or st.session_state.get(_LINK, words) != words:
        st.query_params.from_dict(words | language.in_link())
    st.session_state[_LINK] = words


def link(page: Page) -> dict[str, str]:
    """The words of the page's link, and the language that was chosen."""
    return permalinks.to_query(get(), page.kind, page.shown) | language.in_link()


def stop(specs: tuple[Spec, ...]) -> None:
    """Remember that the visitor stopped these jobs."""
    st.session_state[_TOUCHED] = True
    st.session_state[_STOPPED] = specs
    engine().stop(session())


def resume() -> None:
    """Forget that jobs were stopped."""
    st.session_state[_TOUCHED] = True
    st.session_state.pop(_STOPPED, None)


def is_stopped(specs: tuple[Spec, ...]) -> bool:
    """Say whether the visitor stopped exactly these jobs."""
    return st.session_state.get(_STOPPED) == specs


def ask_fresh() -> None:
    """Have the next run of the page compute again what is known."""
    st.session_state[_FRESH] = True


def fresh() -> bool:
    """Say once whether the page was asked to compute again."""
    return bool(st.session_state.pop(_FRESH, False))
