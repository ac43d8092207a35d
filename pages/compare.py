"""Compare: one picture, two models, the same attack, side by side."""

from functools import partial

import streamlit as st

from advviz.ui import (
    before_after,
    board,
    controls,
    notes,
    paper,
    presentation,
    rows,
    running,
    state,
    take_home,
)
from advviz.ui import view_controls as viewing
from advviz.ui.language import say

PAGE = state.Page("board", ("rows", "gain", "draw", "scale", "transfer", "noise", "smooth"))

setup = state.begin(PAGE)

button = controls.four(setup, controls.rows)
with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
    viewing.gain(setup)
    viewing.explained(setup)
    viewing.explained_image(setup)
    viewing.drawing(setup)
    viewing.scale(setup)
    viewing.noise(setup)

notes.trail(setup)
place = st.empty()
trouble, control = st.container(), st.container()
with st.container(horizontal=True, gap="medium"):
    viewing.transfer(setup)
    viewing.smooth(setup)
    presentation.door(state.link(PAGE))
closer = st.container()
controls.more(setup, say("Advanced: norm, steps, step size, start, seed; your own pictures"))

left, right = st.columns([1, 1.4], gap="large")
with left:
    notes.source(setup)
taken = st.container()
notes.try_next(setup)

finds = running.show(rows.specs(setup), place, lambda finds: board.draw(setup, finds), button)
with trouble:
    running.failures(finds)
with control:
    notes.noise_control(setup, finds)
with closer:
    shown = [(model, rows.wanted(setup, model).attack) for model in setup.models]
    before_after.drawer(shown, finds, setup.view.smooth, "av.closer")
with right:
    notes.search_curves(setup, finds)
with taken:
    attacks = [setup.attack(model) for model in setup.models]
    sheet = partial(paper.board_file, setup, finds) if paper.is_complete(finds) else None
    take_home.offer(finds, state.link(PAGE), [setup.board, *attacks], sheet)
