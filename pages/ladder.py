"""Training-strength ladder: one experiment on every rung of a family of models."""

from functools import partial

import streamlit as st

from advviz.ui import (
    components,
    controls,
    ladder,
    ladder_controls,
    notes,
    paper,
    price,
    rungs,
    running,
    state,
    take_home,
)
from advviz.ui import view_controls as viewing
from advviz.ui.language import say

PAGE = state.Page("ladder", ("draw", "scale", "smooth"))

setup = state.begin(PAGE)
spec = setup.ladder

button = controls.four(setup, ladder_controls.family)
left, right = st.columns([1.6, 1], gap="large", vertical_alignment="bottom")
with left:
    ladder_controls.rung(setup)
with right:
    notes.trail(setup)
trouble = st.container()
place = st.empty()
with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
    viewing.explained(setup)
    viewing.explained_image(setup)
    viewing.drawing(setup)
    viewing.scale(setup)
    viewing.smooth(setup)

left, right = st.columns([1.2, 1], gap="large", vertical_alignment="center")
with left:
    st.subheader(say("The price, rung by rung"))
    if drawn := price.chart(spec):
        components.drawing(drawn, "av.price")
with right:
    st.html(price.told(spec) + price.table(spec))
controls.more(setup, say("Advanced: norm, steps, step size, start, seed; your own picture"))
notes.source(setup)
notes.try_next(setup)
taken = st.container()

finds = running.show(spec.specs(), place, lambda finds: ladder.draw(setup, finds), button)
with trouble:
    running.failures(finds)
with taken:
    front = rungs.row(spec, spec.rung)
    specs = [spec, front.attack, front.smoothgrad, front.favourite]
    sheet = partial(paper.ladder_file, setup, finds) if paper.is_complete(finds) else None
    take_home.offer(finds, state.link(PAGE), specs, sheet)
