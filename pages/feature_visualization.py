"""Feature visualization: what a class, a unit or a channel likes to see; and who else sees it."""

import streamlit as st

from advviz.ui import (
    drawings,
    forming,
    method_controls,
    notes,
    running,
    state,
    take_home,
    try_next,
)
from advviz.ui import view_controls as viewing

PAGE = state.Page("visualize", ("smooth",))

setup = state.begin(PAGE)

with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
    method_controls.unit(setup)
    method_controls.start(setup)
    method_controls.drawing_method(setup)
    with st.container(width=120):
        button = st.empty()
with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
    method_controls.drawing_numbers(setup)
    method_controls.drawing_numerics(setup)

notes.trail(setup)
place = st.empty()
drawings.population(setup)
viewing.smooth(setup)
finds = running.show(
    drawings.specs(setup), place, lambda finds: drawings.draw(setup, finds), button
)
finds |= running.show(
    drawings.viewings(setup, finds), place, lambda more: drawings.draw(setup, finds | more)
)
running.failures(finds)
forming.drawer(drawings.specs(setup))
try_next.drawing(setup)
take_home.offer(finds, state.link(PAGE), drawings.specs(setup))
