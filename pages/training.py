"""Train a robust model: the same network, trained normally and against an attacker."""

import streamlit as st

from advviz.data import cifar10
from advviz.experiments.lab_training import CIFAR10, LabTrainingSpec
from advviz.ui import cifar10_shelf, state, training_controls, training_page
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
if spec.data != CIFAR10 or cifar10.is_at_hand() or cifar10_shelf.is_here():
    training_page.show(spec, state.link(PAGE), button)
