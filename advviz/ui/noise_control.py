"""The control of the Attack page: does random noise of the same size do the same?"""

import streamlit as st

from advviz.ui import drawers, notes, running
from advviz.ui.figures import rich, show
from advviz.ui.language import say
from advviz.ui.rows import control
from advviz.ui.running import Finds
from advviz.ui.setup import Setup


def drawer(setup: Setup) -> None:
    """Offer a hundred random changes of the attack's size, on the models of the pair."""
    place = drawers.opened(
        say("Is it just noise? Random noise of the same size, ×100"), "av.control"
    )
    if place is not None:
        with place:
            specs = [control(setup, model) for model in setup.models]
            finds = running.show(specs, st.empty(), _waiting)
            running.failures(finds)
            notes.noise_control(setup, finds)


def _waiting(finds: Finds) -> str:
    """How far the draws have come; nothing once all are there."""
    waiting = [shown.words for shown in finds.values() if shown.result is None]
    return show("".join(f"<p>{rich(words)}</p>" for words in waiting))
