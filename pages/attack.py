"""Attack: one model, every parameter, and the search step by step."""

import streamlit as st

from advviz.models.records import record
from advviz.ui import (
    attack_controls,
    ball_picture,
    before_after,
    components,
    controls,
    drawers,
    noise_control,
    notes,
    own_pictures,
    rows,
    running,
    saved_files,
    single,
    smallest_changes,
    state,
    surfaces,
    survival,
    take_home,
    try_next,
)
from advviz.ui import view_controls as viewing
from advviz.ui.language import say

PAGE = state.Page("attack", ("gain", "smooth"))

setup = state.begin(PAGE)
spec = setup.board.attack_on(setup.model)

button = controls.four(setup, controls.model)
with st.container(border=True):
    attack_controls.advanced(setup, spec, full=True)

notes.trail(setup)
place = st.empty()
finds = running.show([spec], place, lambda finds: single.draw(setup, spec, finds[spec]), button)
running.failures(finds)

result = finds[spec].result
if result is not None:
    followed = single.followed(setup, result)
    components.replay(
        record(spec.model),
        result,
        followed,
        spec.norm,
        smooth=setup.view.smooth,
        key="av.replay",
    )
    before_after.drawer([(spec.model, spec)], finds, setup.view.smooth, "av.closer")
    left, right = st.columns(2, gap="large")
    with left:
        with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
            viewing.gain(setup)
            viewing.smooth(setup)
        st.html(single.change(setup, spec, result))
    with right:
        st.html(single.distances(spec, result))
        st.html(single.saved(setup, spec, result))
        st.caption(single.caveat(spec, result))
ball_picture.drawer(setup)
smallest_changes.drawer(setup)
noise_control.drawer(setup)
survival.drawer(setup)
surfaces.drawer(setup)
saved_files.drawer(setup)
if (drawer := drawers.opened(say("Your own pictures"), "av.own")) is not None:
    with drawer:
        own_pictures.bring(setup)
notes.source(setup)
try_next.attack(setup)
more = [
    smallest_changes.smallest_of(setup, setup.model),
    survival.spec_of(setup),
    surfaces.spec_of(setup, setup.model),
    rows.control(setup, setup.model),
]
take_home.offer(finds, state.link(PAGE), [spec, *more])
