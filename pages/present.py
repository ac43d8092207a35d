"""Present: the board of Compare for a projector."""

import streamlit as st

from advviz.ui import presentation, rows, running, state

PAGE = state.Page("board", ("rows", "gain", "draw", "scale", "transfer", "noise", "smooth"))

setup = state.begin(PAGE)

presentation.style()
place = st.empty()
presentation.keys(setup, PAGE)
finds = running.show(rows.specs(setup), place, lambda finds: presentation.draw(setup, finds))
running.failures(finds)
