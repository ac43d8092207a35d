"""Explanations measured: methods and models side by side, and where a measure fails."""

import streamlit as st

from advviz.ui import (
    explanations,
    explanations_choice,
    explanations_controls,
    explanations_take,
    state,
)
from advviz.ui.figures import rich, show
from advviz.ui.language import say

QUESTION = (
    "A map can look right and be wrong. Which method follows the network, on which model, by "
    "which measure? And would the measure notice a map that knows nothing of the network?"
)
PAGE = state.Page("board", explanations_choice.SHOWN)

setup = state.begin(PAGE)

st.html(show(f'<p class="av-answer">{rich(say(QUESTION))}</p>'))
explanations_controls.choose(setup)
work = explanations.work_of(setup)
if work is not None:
    tally = explanations.run(setup, work)
    explanations_take.offer(tally)
