"""Having CIFAR-10 on this machine: asked for, watched by all who look, stopped by who asked."""

import streamlit as st

from advviz.compute import State
from advviz.compute.fetching import Fetch, fetcher
from advviz.data import cifar10
from advviz.labs import cifar10_download
from advviz.ui import state
from advviz.ui.compute import size
from advviz.ui.figures import show, waiting
from advviz.ui.language import say
from advviz.ui.words import plain

KEY = "data:cifar10"
EVERY = 0.5  # seconds between two looks at a download


def is_here() -> bool:
    """Say whether the data set is here; if not, offer to download it."""
    if cifar10.is_here():
        return True
    st.fragment(_look, run_every=EVERY if _is_open(fetcher().look(KEY)) else None)()
    return False


def _look() -> None:
    """Draw where the download stands; once it has ended, the whole page anew."""
    fetch = fetcher().look(KEY)
    if cifar10.is_here():
        st.rerun(scope="app")
    if fetch is not None and _is_open(fetch):
        _moving(fetch)
        return
    if fetch is not None and fetch.state is State.FAILED:
        st.error(plain(str(fetch.error)))
    elif fetch is not None and fetch.state is State.CANCELLED:
        st.info(
            say("The download was stopped; what has come stays, and the next one goes on there.")
        )
    st.caption(
        say(
            "CIFAR-10 is not here yet. This machine downloads about 170 MB from "
            "www.cs.toronto.edu, once for everybody, checks it and keeps it."
        )
    )
    if st.button(say("Download CIFAR-10"), key="av.cifar10.fetch", icon=":material/download:"):
        fetcher().start(KEY, cifar10_download.fetch, state.session())
        st.rerun(scope="app")


def _moving(fetch: Fetch) -> None:
    done, total = fetch.progress
    words = say("{done} of {total} downloaded", done=size(done), total=size(total or 0))
    if fetch.stopping:
        words = say("stopping")
    elif fetch.state is State.WAITING:
        words = say("waiting for another download")
    elif total and done >= total:
        words = say("all is here and is being checked and unpacked")
    st.html(show(f'<div class="av-asked">{waiting(words, fetch.share or 0.0)}</div>'))
    if fetch.session == state.session():
        st.button(
            say("Stop the download"),
            key="av.cifar10.stop",
            on_click=_stop,
            disabled=fetch.stopping,
        )


def _stop() -> None:
    fetcher().cancel(KEY, state.session())


def _is_open(fetch: Fetch | None) -> bool:
    return fetch is not None and not fetch.state.is_final
