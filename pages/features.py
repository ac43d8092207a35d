"""Bugs or features?: train on mislabelled adversarial examples alone, test on clean ones."""

import streamlit as st

from advviz.data.two_classes import CIFAR10
from advviz.experiments.features import SMALL, table
from advviz.ui import (
    cifar10_shelf,
    features,
    features_controls,
    features_debate,
    running,
    state,
    take_home,
)
from advviz.ui.language import say

PAGE = state.Page("features", ())

setup = state.begin(PAGE)
spec = setup.features

st.html(features.intro())
button = features_controls.four(setup)
features_controls.advanced(setup)
trouble = st.container()
place = st.empty()
taken = st.container()
st.subheader(say("Bugs, or features? Both sides"))
st.html(features_debate.draw())
if spec.data != CIFAR10 or cifar10_shelf.is_here():
    finds = running.show(
        [spec],
        place,
        lambda finds: features.draw(spec, finds),
        button,
        background=spec.network == SMALL,
    )
    with trouble:
        running.failures(finds)
    with taken:
        result = finds[spec].result
        if result is not None:
            take_home.download(
                "advviz-features.csv",
                say("CSV, every seed"),
                "text/csv",
                lambda: table(spec, result).encode(),
            )
        take_home.offer(finds, state.link(PAGE), [spec])
