"""Lessons: eight chapters, each with an experiment that is predicted before it is shown."""

import streamlit as st

from advviz.lessons.library import library
from advviz.ui.language import language, say
from advviz.ui.lessons import experiment, place, text

here = place.begin()
if here is None:
    text.no_chapters(library(language()).problems)
    st.stop()

text.presented(here)
if here.presenting:
    main = st.container()
else:
    left, main = st.columns([1, 3.7], gap="large")
    with left:
        text.contents(here)
with main:
    text.head(here)
    text.section(here, "idea", say("The idea"))
    text.section(here, "predict", say("Predict before you look"))
    text.section(here, "experiment", say("The experiment"))
    text.chooser(here)
    places = experiment.offer(here)
    text.close(here)
experiment.run(here, places)
