"""Where a student stands: the chapter, its experiment, and the set-up that its controls change.

The page's link says the same: `?chapter=3` and an experiment's name; the whole set-up once it
is no longer that of the chapter's file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from advviz.errors import AdvvizError
from advviz.lessons.chapter import Chapter, Experiment
from advviz.lessons.library import Library, library
from advviz.ui import permalinks, state
from advviz.ui import setup as setups
from advviz.ui.language import PARAMETER as LANGUAGE
from advviz.ui.language import in_link, language, say, translations
from advviz.ui.setup import Setup
from advviz.ui.view import View

CHAPTER, EXPERIMENT, PRESENTING = "chapter", "experiment", "present"
"""What a link of the lessons says beside a set-up."""
SHOWN = tuple(f.name for f in fields(View))
_WORDS, _REVEALED = "av.lesson", "av.lesson.revealed"


@dataclass(frozen=True, slots=True)
class Here:
    """Where a student stands."""

    shelf: Library
    chapter: Chapter
    experiment: Experiment
    setup: Setup
    presenting: bool

    @property
    def key(self) -> str:
        """Name the experiment in the keys of widgets and in the browser's memory."""
        return f"{self.chapter.name}.{self.experiment.id}"

    @property
    def is_revealed(self) -> bool:
        """Say whether the student has predicted, so that the result may be seen."""
        return self.key in st.session_state.get(_REVEALED, ())

    @property
    def words(self) -> dict[str, str]:
        """The words of the link: short, while the set-up is that of the chapter."""
        own = {CHAPTER: str(self.chapter.number), EXPERIMENT: self.experiment.id}
        if self.presenting:
            own[PRESENTING] = "true"
        carried = self.carried
        prepared = _carried(prepared_setup(self.experiment), self.experiment)
        return own if carried == prepared else own | carried

    @property
    def carried(self) -> dict[str, str]:
        """The set-up as the link of the page that shows it in full."""
        return _carried(self.setup, self.experiment)

    @property
    def address(self) -> str:
        """The link for others: not in large type, and in the language of their browser."""
        words = {name: word for name, word in self.words.items() if name != PRESENTING}
        return f"{page_address()}?{urlencode(words)}"


def page_address() -> str:
    """The address of the lessons, as this visitor's browser has it."""
    return (st.context.url or "").partition("?")[0] or "lessons"


def _carried(setup: Setup, experiment: Experiment) -> dict[str, str]:
    return permalinks.to_query(setup, experiment.kind, SHOWN)


@lru_cache(256)
def prepared_setup(experiment: Experiment) -> Setup:
    """The set-up of an experiment as its chapter has it."""
    return permalinks.from_query(setups.default(), dict(parse_qsl(experiment.query)))


def shelf(code: str) -> Library:
    """Read the chapters in a language, the places in their words filled in."""
    return _filled(library(code), code)


@lru_cache(16)
def _filled(found: Library, code: str) -> Library:
    known = translations(code)
    chapters = tuple(
        replace(
            chapter,
            experiments=tuple(
                each.filled(lambda name: known.get(name, name)) for each in chapter.experiments
            ),
        )
        for chapter in found.chapters
    )
    return replace(found, chapters=chapters)


def begin() -> Here | None:
    """Find where the student stands; None where no chapter can be read.

    A link from outside comes first, unless the student has just touched a control; who comes
    back from another page finds what was left.
    """
    found = shelf(language())
    if not found.chapters:
        return None
    query = {k: v for k, v in st.query_params.to_dict().items() if k != LANGUAGE}
    left: dict[str, str] = st.session_state.get(_WORDS, {})
    if not state.touched():
        left = query or left
        try:
            state.put(_setup_of(found, left))
        except AdvvizError as error:
            state.notice(
                say("This link cannot be used: {error}; the chapter begins anew.", error=error)
            )
            left = {k: v for k, v in left.items() if k in (CHAPTER, EXPERIMENT, PRESENTING)}
            state.put(_setup_of(found, left))
    here = _here(found, left)
    _write(here)
    state.show_notice()
    return here


def _here(found: Library, words: Mapping[str, str]) -> Here:
    chapter = _chapter(found, words)
    experiment = chapter.experiment(words.get(EXPERIMENT))
    return Here(found, chapter, experiment, state.get(), words.get(PRESENTING) == "true")


def _chapter(found: Library, words: Mapping[str, str]) -> Chapter:
    number = words.get(CHAPTER, "")
    chapter = found.chapter(int(number)) if number.isdecimal() and len(number) < 5 else None
    if chapter is None and number:
        state.notice(say("There is no chapter {number}; this is the first.", number=number[:20]))
    return chapter or found.chapters[0]


def _setup_of(found: Library, words: Mapping[str, str]) -> Setup:
    experiment = _chapter(found, words).experiment(words.get(EXPERIMENT))
    own = (CHAPTER, EXPERIMENT, PRESENTING)
    rest = {k: v for k, v in words.items() if k not in own}
    prepared = prepared_setup(experiment)
    return permalinks.from_query(prepared, rest) if rest else prepared


def _write(here: Here) -> None:
    words = here.words
    shown = words | in_link()
    last = st.session_state.get(_WORDS, words)  # may still be on its way to the browser
    if st.query_params.to_dict() != shown or last != words:
        st.query_params.from_dict(shown)
    st.session_state[_WORDS] = words


def go(here: Here, **changes: Any) -> None:
    """Go to another chapter or experiment, or present; from a button's callback.

    Args:
        here: where the student stands.
        changes: fields of `Here` that change; another chapter begins with its first experiment.
    """
    there = replace(here, **changes)
    if "chapter" in changes and "experiment" not in changes:
        there = replace(there, experiment=there.chapter.experiments[0])
    if there.key != here.key:
        there = replace(there, setup=prepared_setup(there.experiment))
    state.change(lambda _setup: there.setup)
    st.session_state[_WORDS] = there.words


def reveal(here: Here, shown: bool) -> None:
    """Show the result of an experiment, or hide it again; what was predicted is not sent here."""
    known = set(st.session_state.get(_REVEALED, ()))
    st.session_state[_REVEALED] = known | {here.key} if shown else known - {here.key}


def back() -> tuple[str, dict[str, str]] | None:
    """The title of the chapter that this session was last in, and its link; None for none."""
    words = st.session_state.get(_WORDS)
    found = shelf(language()) if words else None
    if not words or found is None or not found.chapters:
        return None
    chapter = _chapter(found, words)
    return f"{chapter.number} · {chapter.title}", dict(words)
