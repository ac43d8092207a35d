"""Drawers: parts of a page that cost nothing while they are closed."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def opened(label: str, key: str) -> DeltaGenerator | None:
    """Offer a drawer; return where its content goes, or None while it is closed.

    Streamlit runs the content of a plain expander whether anyone looks or not. Drawers are
    seldom open, and what stands in them is up to a third of what a rerun costs the server.

    Args:
        label: what is in the drawer.
        key: of its widget.
    """
    drawer = st.expander(label, key=key, on_change="rerun")
    return drawer if drawer.open else None
