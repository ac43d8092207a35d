"""Saliency: what moves the answer, by method, model and picture."""

import streamlit as st

from advviz.ui import (
    controls,
    explainer_choice,
    method_controls,
    notes,
    running,
    same_map,
    side_by_side,
    state,
    take_home,
    trust,
    turned_units,
)
from advviz.ui import view_controls as viewing
from advviz.ui.language import say

PAGE = state.Page("explain", ("rows", "draw", "scale", "smooth", "layer", *trust.SHOWN_BY))

setup = state.begin(PAGE)

button = controls.four(setup, controls.rows)
with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
    method_controls.explained(setup)
    method_controls.objective(setup)
    viewing.drawing(setup)
    viewing.scale(setup)
with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
    explainer_choice.method(setup)
    explainer_choice.parameters(setup)

notes.trail(setup)
place = st.empty()
trouble, panel = st.container(), st.container()
viewing.smooth(setup)
controls.more(setup, say("Advanced: how the attacked picture is made; your own pictures"))
notes.source(setup)
notes.try_next(setup)
finds = running.show(
    side_by_side.specs(setup), place, lambda finds: side_by_side.draw(setup, finds), button
)
with trouble:
    running.failures(finds)
    finds |= same_map.drawer(setup)
    finds |= turned_units.drawer(setup)
with panel:
    tested = trust.drawer(setup)
take_home.offer(
    finds,
    state.link(PAGE),
    [
        *(setup.explain_on(model, setup.explain_method, "attacked") for model in setup.models),
        *tested,
        *same_map.specs(setup),
        *turned_units.of_models(setup),
    ],
)
