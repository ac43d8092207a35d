"""What the page of the training lab shows below its controls, while it runs and afterwards."""

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from advviz.experiments.lab_training import LabTrainingSpec
from advviz.ui import (
    running,
    take_home,
    training_controls,
    training_formula,
    training_kept,
    training_lab,
    training_pictures,
)


def show(spec: LabTrainingSpec, link: Mapping[str, str], button: DeltaGenerator) -> None:
    """Train while somebody looks, then show what stronger attacks do and what can be kept.

    Args:
        spec: what is trained.
        link: the words of the page's link.
        button: the place of the button.
    """
    trouble = st.container()
    verdicts, told, curves = st.empty(), st.container(), st.empty()
    epoch = training_controls.epoch(spec)
    live = training_lab.Live(spec, verdicts, curves)

    def draw(finds: running.Finds) -> str:
        live.update(finds[spec])  # the curves, which are no HTML, have a place of their own
        return training_pictures.draw(spec, finds, epoch)

    place, after = st.empty(), st.container()
    finds = running.show([spec], place, draw, button)
    with trouble:
        running.failures(finds)
    result = finds[spec].result
    if result is not None:
        with told:
            training_lab.collapsed(spec, result)
    with after:
        if result is not None:
            training_lab.strengths(spec, result)
        training_formula.show(spec)
        if result is not None:
            training_kept.offer(spec, result)
        take_home.offer(finds, link, [spec])
