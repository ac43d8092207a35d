"""Login, where the owner of the app asks for it: who has not logged in sees no page."""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import streamlit as st

from advviz.ui.language import say
from advviz.ui.words import plain

VARIABLE = "ADVVIZ_LOGIN"
"""Names the setting: empty or 0 (everybody may look), or anything else (who logs in may)."""
APP = "advviz"  # the same in every language
SHARED = ("redirect_uri", "cookie_secret")
OF_PROVIDER = ("client_id", "client_secret", "server_metadata_url")


def is_wanted() -> bool:
    """Say whether the owner of the app asks for a login."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


def is_open() -> bool:
    """Say whether the pages are to be shown to this visitor.

    What is wanted and not set up keeps everybody out: an app that is thought to be closed must
    not stand open.
    """
    return not is_wanted() or (trouble() is None and bool(st.user.get("is_logged_in")))


def ask() -> None:
    """Stand in the place of a page: the buttons to log in with, or why nobody can."""
    st.title(APP)
    if (sentence := trouble()) is not None:
        st.error(plain(sentence))
        return
    st.markdown(say("The owner of this app asks you to log in first."))
    for provider in providers(_section()):
        named = say("Log in") if provider is None else say("Log in with {name}", name=provider)
        st.button(named, on_click=st.login, args=(provider,), type="primary", key=f"av.in.{named}")


def foot() -> None:
    """Offer, below a page, to log out; nothing where there is no login."""
    if not is_wanted():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        name = st.user.get("name") or st.user.get("email") or ""
        st.caption(plain(say("Logged in: {name}", name=name)))
        st.button(say("Log out"), on_click=st.logout, key="av.out")


def trouble() -> str | None:
    """Say in a sentence what is missing for a login; None where nothing is."""
    if find_spec("authlib") is None:
        return say(
            "This app asks for a login, but Authlib, which that needs, is not installed; install "
            "advviz[login], or start the app without --login."
        )
    missing = _missing(_section())
    if not missing:
        return None
    return say(
        "This app asks for a login, but the section [auth] of .streamlit/secrets.toml lacks "
        "{missing}; add that, or start the app without --login.",
        missing=", ".join(missing),
    )


def providers(section: Mapping[str, Any]) -> list[str | None]:
    """Name those who can be asked who somebody is: None, of a section without names."""
    named = [name for name, value in section.items() if isinstance(value, Mapping)]
    return [name for name in named if not _absent(section[name], OF_PROVIDER)] or [None]


def _missing(section: Mapping[str, Any]) -> list[str]:
    """List the settings that are not there; one complete provider is enough."""
    missing = _absent(section, SHARED)
    return missing if providers(section) != [None] else missing + _absent(section, OF_PROVIDER)


def _absent(section: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    return [name for name in names if not section.get(name)]


def _section() -> Mapping[str, Any]:
    """The section of the secrets; empty where there is no file, or none that can be read."""
    if not st.secrets.load_if_toml_exists():
        return {}
    found = st.secrets.get("auth", {})
    return found if isinstance(found, Mapping) else {}
