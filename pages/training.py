"""Train a robust model: the same network, trained normally and against an attacker."""

import streamlit as st

from advviz.experiments.lab_training import LabTrainingSpec
from advviz.ui import (
    running,
    state,
    take_home,
    training_controls,
    training_formula,
    training_kept,
    training_lab,
)
from advviz.ui.figures import rich, show
from advviz.ui.language import say

PAGE = state.Page(LabTrainingSpec.kind, ())

setup = state.begin(PAGE)
spec = setup.training

sentence = say(
    "How does one make a network robust? Look for the worst image within reach of every training "
    "image, and train on that one. Two networks begin with the same weights and see the same "
    "batches; they differ in the attack alone."
)
st.html(show(f'<p class="av-answer">{rich(sentence)}</p>'))
button = training_controls.show(setup)
training_controls.more(setup)
trouble = st.container()
verdicts, told, curves = st.empty(), st.container(), st.empty()
epoch = training_controls.epoch(setup)
place = st.empty()
live = training_lab.Live(spec, verdicts, curves)


def draw(finds: running.Finds) -> str:
    """Draw the pictures; the curves, which are no HTML, are drawn in their own place."""
    live.update(finds[spec])
    return training_lab.draw(spec, finds, epoch)


after = st.container()
finds = running.show([spec], place, draw, button)
with trouble:
    running.failures(finds)
with after:
    result = finds[spec].result
    if result is not None:
        with told:
            training_lab.collapsed(spec, result)
        training_lab.strengths(spec, result)
    training_formula.show(spec)
    if result is not None:
        training_kept.offer(spec, result)
    take_home.offer(finds, state.link(PAGE), [spec])
