"""Models & images: what there is, having it here, and choosing which models the pages show."""

import streamlit as st

from advviz.models.records import record
from advviz.ui import (
    drawers,
    model_cards,
    model_choice,
    model_shelf,
    model_uploads,
    named_models,
    pairs,
    picture_sources,
    smoke_test,
    state,
)
from advviz.ui.figures import rich, show
from advviz.ui.language import say

PAGE = state.Page("board", ())

setup = state.begin(PAGE)
pairs.told()
told = say("The pages show {pair}.", pair=pairs.in_use(setup))
st.html(show(f"<p>{rich(told)}</p>"))

family = model_choice.family()
left, right = st.columns([1, 2.4], gap="large")
with left:
    described = model_choice.choose(setup, family)
with right:
    if described is not None:
        st.html(model_cards.card(described))
        pairs.offer(setup, described)
        model_shelf.offer(described)
        smoke_test.offer(described)

st.subheader(say("Bring weights of your own"))
if (drawer := drawers.opened(say("Upload a safetensors file"), "av.models.bring")) is not None:
    with drawer:
        arrived = model_uploads.bring()
    if arrived is not None:
        model_choice.show_next(arrived)
        st.rerun()
st.subheader(say("More ImageNet models"))
if (
    drawer := drawers.opened(say("Ask for a model by its library's name"), "av.models.by-name")
) is not None:
    with drawer:
        found = named_models.ask()
    if found is not None:
        model_choice.show_next(found)
        st.rerun()
st.subheader(say("Images"))
st.html(picture_sources.draw(record(setup.board.standard)))
