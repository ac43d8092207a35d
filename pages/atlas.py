"""Layer atlas: what every unit of a layer likes to see, in a standard and a robust model."""

import streamlit as st

from advviz.ui import atlas, atlas_controls, atlas_unit, running, state, take_home
from advviz.ui.language import say

PAGE = state.Page("atlas", atlas_controls.view_fields())

setup = state.begin(PAGE)

button = atlas_controls.four(setup)
trouble = st.container()
place = st.empty()
sheets = st.container()
st.subheader(say("The chosen unit of each model"))
numbers = st.container()
closely = st.empty()
atlas_controls.advanced(setup)
taken = st.container()

finds = running.show(atlas.looks(setup), closely, lambda finds: atlas_unit.draw(setup, finds))
with numbers:
    atlas_controls.units(setup, atlas_unit.counts(setup, finds))
finds |= running.show(
    atlas.specs(setup),
    place,
    lambda finds: atlas.forming(setup, finds),
    button,
    fresh=state.fresh(),
    background=True,
)
with sheets:
    atlas.draw(setup, finds)
closely.html(atlas_unit.draw(setup, finds))
with trouble:
    running.failures(finds)
with taken:
    take_home.layer(finds, state.link(PAGE), [*atlas.specs(setup), *atlas.looks(setup)])
