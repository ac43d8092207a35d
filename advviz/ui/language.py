"""What the interface says, in the reader's language.

A sentence is written in English where it is used, and looked up as it stands:
`say("{n} images", n=4)`. The other languages are JSON files, English sentence to translation,
under `assets/translations/LANGUAGE/`: one file an area, so that a translator adds one without
touching code. What is not translated stays English.
"""

import json
from functools import cache

import streamlit as st

from advviz.resources import assets

ENGLISH, CHINESE = "en", "zh-CN"
LANGUAGES = {ENGLISH: "English", CHINESE: "简体中文"}
PARAMETER = "lang"
"""Of a link: the language that it opens in."""


def language() -> str:
    """Return the language of this session: the link's, the chosen one, or the browser's."""
    chosen = st.query_params.get(PARAMETER) or st.session_state.get("av.language")
    if chosen in LANGUAGES:
        return str(chosen)
    return CHINESE if (st.context.locale or "").lower().startswith("zh") else ENGLISH


def say(sentence: str, /, **values: object) -> str:
    """Return a sentence in the reader's language, with its {places} filled in."""
    translated = translations(language()).get(sentence, sentence)
    return translated.format(**values) if values else translated


@cache
def translations(name: str) -> dict[str, str]:
    """Read every translation of a language: English sentence to translation."""
    found: dict[str, str] = {}
    for path in sorted((assets() / "translations" / name).glob("*.json")):
        found.update(json.loads(path.read_text(encoding="utf-8")))
    return found
