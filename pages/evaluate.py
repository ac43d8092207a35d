"""Evaluate: many images, models and attacks; how many survive, and whether to believe it."""

import streamlit as st

from advviz.ui import evaluation, evaluation_controls, evaluation_details, measure, state
from advviz.ui.figures import rich, show
from advviz.ui.language import say

QUESTION = (
    "One fooled picture is an anecdote. How many of many survive, under which attack, up to which "
    "eps? And is there a sign that the attack failed, rather than that the model held?"
)
PAGE = state.Page("board", measure.SHOWN)

setup = state.begin(PAGE)

st.html(show(f'<p class="av-answer">{rich(say(QUESTION))}</p>'))
evaluation_controls.choose(setup)
work = evaluation.work_of(setup)
if work is not None:
    st.html(evaluation.statement(work))
    tally = evaluation.run(work)
    st.html(evaluation.numbers(tally))
    evaluation_details.more(tally)
