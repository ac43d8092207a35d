"""Serves the app: the one place that knows how the server is started and looked after."""

import gc
import logging
import sys
import threading
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from streamlit import App, config

from advviz import resources
from advviz.data import picture_folder
from advviz.errors import AdvvizError
from advviz.ui import doors, state
from advviz.ui.language import quote, say
from advviz.ui.words import plain

SCRIPT = resources.entry_script()

COLLECT_EVERY = 45.0  # seconds; stands in for Streamlit's collection after every single run
YOUNG = 50_000
"""New objects before Python looks for garbage by itself: a run of a page makes many, and keeps
few, so that Python's own 700 cost a tenth of every run."""
WARM_AFTER = 1.0  # seconds; lets the first page be painted before torch is imported

_LOG = logging.getLogger(__name__)


def serve(
    host: str = "127.0.0.1", port: int = 8501, browser: bool = True, base_path: str = ""
) -> None:
    """Serve the app and block until it is stopped.

    Args:
        host: the address to listen on; 127.0.0.1 keeps the app to this machine.
        port: the TCP port.
        browser: open a browser window once the server listens.
        base_path: of the address, without slashes around it; where a proxy serves the app under
            a path of a site.
    """
    # Streamlit puts the folder of the first word on sys.path; this one shadows no package.
    sys.argv = [str(resources.pages() / "app.py")]
    own = {"server.address": host, "server.port": port, "server.headless": not browser}
    if base_path:
        own["server.baseUrlPath"] = base_path
    App(SCRIPT, **parts()).run(config=settings() | own)


def parts() -> dict[str, Any]:
    """Give what the app has beside its script, however it is served."""
    return {
        "lifespan": lifespan,
        "on_script_error": apologise,
        "middleware": [Middleware(doors.BareLinks)],
    }


def settings() -> dict[str, Any]:
    """Read the server's settings and theme, but for what the user has set otherwise.

    They are those of `.streamlit/config.toml`, which `streamlit run` finds by itself.
    """
    path = resources.pages().parent / ".streamlit" / "config.toml"
    try:
        values = _flat(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise AdvvizError(f"the settings file {path} is missing; install advviz again") from error
    config.get_config_options()
    return {name: value for name, value in values.items() if not config.is_manually_set(name)}


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            values |= _flat(value, f"{prefix}{name}.")
        else:
            values[f"{prefix}{name}"] = value
    return values


@asynccontextmanager
async def lifespan(_app: App) -> AsyncIterator[None]:
    """Collect garbage and warm the models in the background while the server runs."""
    stopped, usual = threading.Event(), gc.get_threshold()
    gc.set_threshold(YOUNG, *usual[1:])
    for work in (_collect, _warm):
        threading.Thread(target=work, args=(stopped,), name=work.__name__, daemon=True).start()
    try:
        yield
    finally:
        stopped.set()
        gc.set_threshold(*usual)


def apologise(error: Exception) -> bool:
    """Show one sentence instead of a traceback; the log keeps the details."""
    if isinstance(error, AdvvizError):
        st.error(plain(quote(str(error))))
    else:
        _LOG.error("a page failed", exc_info=error)
        st.error(
            say(
                "This page met an unexpected error, noted in the server's log; reload it, or start "
                "again from Home."
            )
        )
    return True


def _collect(stopped: threading.Event) -> None:
    while not stopped.wait(COLLECT_EVERY):
        gc.collect()


def _warm(stopped: threading.Event) -> None:
    """Have everything there that the first visitors need, without delaying anyone."""
    if stopped.wait(WARM_AFTER):
        return
    try:
        for spec in state.first_questions():
            job = state.engine().submit(spec, background=True)
            if job.error is not None:
                _LOG.warning("a first question was not answered: %s", job.error)
    except AdvvizError as error:
        _LOG.warning("the models could not be warmed: %s", error)
    if (folder := picture_folder.offered()) is not None:
        folder.index()  # so that nobody waits for it who opens a link to one of its pictures
