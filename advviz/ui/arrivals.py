"""What a page waits for while it is looked at in the background: an upload, a model's name."""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from advviz.compute import State
from advviz.compute.fetching import checker
from advviz.ui import state
from advviz.ui.language import quote, say
from advviz.ui.words import plain


def start(slot: str, key: str, look: Callable[[], Any]) -> None:
    """Look in the background: what loads torch, or reads a large file, is not a page's work.

    Args:
        slot: of the session's state, which remembers what it waits for.
        key: of what is looked at: equal keys are looked at once.
        look: returns what has arrived, or raises an AdvvizError.
    """
    checker().start(key, lambda _report: look(), state.session())
    st.session_state[slot] = key


def arrived(slot: str, meanwhile: str, otherwise: str) -> Any | None:
    """Return what has arrived, once; None while it is waited for, and where nothing was.

    Args:
        slot: as it was started with.
        meanwhile: what the page says while it waits.
        otherwise: ends the sentence of a failure.
    """
    key = st.session_state.get(slot)
    fetch = checker().look(key) if key else None
    if key is None or fetch is None:
        return None
    if not fetch.state.is_final:
        st.fragment(partial(_wait, key, meanwhile), run_every=0.5)()
        return None
    del st.session_state[slot]
    checker().dismiss(key)
    if fetch.state is not State.DONE:
        why = quote(fetch.error) if fetch.error else say("it was stopped")
        st.warning(plain(say("{why}; {otherwise}.", why=why, otherwise=otherwise)))
        return None
    return fetch.result


def _wait(key: str, meanwhile: str) -> None:
    fetch = checker().look(key)
    if fetch is None or fetch.state.is_final:
        st.rerun(scope="app")
    st.caption(meanwhile)
