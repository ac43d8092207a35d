"""Feature visualization: what a class, a unit or a channel likes to see; and who else sees it."""

import streamlit as st

from advviz.ui import (
    combine_controls,
    drawing_modes,
    drawings,
    forming,
    inversion_controls,
    inversions,
    method_controls,
    notes,
    phase_controls,
    running,
    sketch_controls,
    state,
    take_home,
    try_next,
)
from advviz.ui import view_controls as viewing

PAGE = state.Page("visualize", ("smooth", "drawing"))

setup = state.begin(PAGE)
mode = setup.view.drawing
figures = inversions if mode == "invert" else drawings

drawing_modes.choose(setup)
with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
    if mode == "invert":
        inversion_controls.what(setup)
    elif mode == "draw":
        sketch_controls.what(setup)
        sketch_controls.where(setup)
    else:
        (combine_controls.what if mode == "combine" else method_controls.unit)(setup)
        method_controls.start(setup)
        method_controls.drawing_method(setup)
    with st.container(width=120):
        button = st.empty()
with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
    if mode == "invert":
        inversion_controls.numbers(setup)
    else:
        if mode == "combine":
            combine_controls.several(setup)
        method_controls.drawing_numbers(setup)
        phase_controls.phases(setup)
        method_controls.drawing_numerics(setup)
if mode == "draw":
    sketch_controls.bring()

notes.trail(setup)
place = st.empty()
if mode == "favourite":
    drawings.population(setup)
viewing.smooth(setup)
specs = figures.specs(setup)
finds = running.show(specs, place, lambda finds: figures.draw(setup, finds), button)
finds |= running.show(
    figures.viewings(setup, finds), place, lambda more: figures.draw(setup, finds | more)
)
running.failures(finds)
if mode != "invert":
    forming.drawer(drawings.specs(setup))
try_next.drawing(setup)
take_home.offer(finds, state.link(PAGE), specs)
