"""Compute: what this machine is doing for everybody; nothing here can be cleared."""

import streamlit as st

from advviz.ui import compute, state


@st.fragment(run_every=compute.EVERY)
def engine() -> None:
    """Look at the engine, every two seconds."""
    st.html(compute.draw(state.engine().status()))


engine()
st.html(compute.meaning())
