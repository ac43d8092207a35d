"""What the interface says, in the reader's language.

A sentence is written in English where it is used, and looked up as it stands:
`say("{n} images", n=4)`. The other languages are JSON files, English sentence to translation,
under `assets/translations/LANGUAGE/`: one file an area, so that a translator adds one without
touching code. What is not translated stays English, as does all that is said outside of a page:
by a worker's thread, on the command line.
"""

import json
import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import cache, lru_cache
from string import Formatter
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from advviz.resources import assets

ENGLISH, CHINESE = "en", "zh-CN"
LANGUAGES = {ENGLISH: "English", CHINESE: "简体中文"}
PARAMETER = "lang"
"""Of a link: the language that it opens in."""
_CHOSEN, _SWITCH = "av.language", "av.language.switch"
_spoken: ContextVar[str | None] = ContextVar("spoken", default=None)


def say(sentence: str, /, **values: object) -> str:
    """Return a sentence in the reader's language, with its {places} filled in.

    Args:
        sentence: English, a literal or a constant: what stands in the translations.
        values: what its places hold.
    """
    translated = translations(language()).get(sentence, sentence)
    return translated.format(**values) if values else translated


def term(name: str) -> str:
    """Return a name that comes from elsewhere: of a class, a picture, an attack; a field's help.

    A name that nobody has translated, of somebody's own model or file, stays as it is.
    """
    return translations(language()).get(name, name)


def quote(sentence: str) -> str:
    """Return a sentence that the core wrote, in the reader's language.

    The core knows no languages: what it writes is recognised by the {places} of a translation
    in the file `core.json`. A sentence that is not recognised stays English.
    """
    return _quoted(language(), sentence)


@lru_cache(1024)
def _quoted(spoken: str, sentence: str) -> str:
    known = translations(spoken)
    if sentence in known:
        return known[sentence]
    for pattern, translated in _of_the_core(spoken):
        found = pattern.fullmatch(sentence)
        if found:
            return translated.format(
                **{name: _quoted(spoken, held) for name, held in found.groupdict().items()}
            )
    return sentence


@cache
def _of_the_core(spoken: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """List what the core's sentences look like, with the translation of each."""
    path = assets() / "translations" / spoken / "core.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return tuple((_pattern(english), known[english]) for english in known if "{" in english)


def _pattern(english: str) -> re.Pattern[str]:
    """Make a pattern of a sentence whose places hold anything."""
    pieces = Formatter().parse(english)
    return re.compile(
        "".join(
            re.escape(text) + ("" if name is None else f"(?P<{name}>.+?)")
            for text, name, _, _ in pieces
        )
    )


def language() -> str:
    """Return the language of this session: what it chose, the link's, or the browser's.

    A page asks some hundred times in a run, so that `begin` keeps the answer for its thread.
    """
    return _spoken.get() or _wanted()


def _wanted() -> str:
    if get_script_run_ctx(suppress_warning=True) is None:
        return ENGLISH
    chosen = st.session_state.get(_CHOSEN) or st.query_params.get(PARAMETER)
    if chosen in LANGUAGES:
        return str(chosen)
    return CHINESE if (st.context.locale or "").lower().startswith("zh") else ENGLISH


def begin() -> None:
    """Take over the language of the link that opened the session, and keep it in the address.

    A link is followed once: afterwards the switch is what counts, for the address may lag.
    """
    asked = st.query_params.get(PARAMETER)
    chosen = st.session_state.get(_CHOSEN)
    if chosen is None and asked in LANGUAGES:
        st.session_state[_CHOSEN] = asked
    elif chosen is not None and asked != chosen:
        st.query_params[PARAMETER] = chosen
    _spoken.set(_wanted())


def choose() -> None:
    """Have this session speak the language of the switch from now on."""
    chosen = str(st.session_state[_SWITCH])
    st.session_state[_CHOSEN] = st.query_params[PARAMETER] = chosen
    _spoken.set(chosen)


def in_link() -> dict[str, str]:
    """Return the word that a link has for the language; none, where nobody has chosen one."""
    chosen = st.session_state.get(_CHOSEN) or st.query_params.get(PARAMETER)
    return {PARAMETER: str(chosen)} if chosen in LANGUAGES else {}


def of_widget(key: str) -> str:
    """Name a widget whose options are shown in the reader's language.

    A browser knows a choice by its label: shown other labels, it falls back to the first. So
    the widget of each language is one of its own.
    """
    spoken = language()
    return key if spoken == ENGLISH else f"{key}.{spoken}"


def labelled(options: Iterable[Any], label: Callable[[Any], str]) -> Callable[[Any], str]:
    """Label the options of a widget now; Streamlit may ask for a label when no page runs."""
    return {option: label(option) for option in options}.__getitem__


def switch() -> None:
    """Offer the languages, each by its own name, in the corner of every page."""
    if st.session_state.get(_SWITCH) != language():
        st.session_state[_SWITCH] = language()
    with st.container(key="av-languages", width="content"):
        st.segmented_control(
            "Language · 语言",
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            required=True,
            label_visibility="collapsed",
            key=_SWITCH,
            on_change=choose,
        )


@cache
def translations(name: str) -> dict[str, str]:
    """Read every translation of a language: English sentence to translation."""
    found: dict[str, str] = {}
    for path in sorted((assets() / "translations" / name).glob("*.json")):
        found.update(json.loads(path.read_text(encoding="utf-8")))
    return found
