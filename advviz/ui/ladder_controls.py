"""The widgets of the ladder: which family of models, and which rung stands in front."""

from dataclasses import replace

import streamlit as st

from advviz.models import ladders
from advviz.models.records import record
from advviz.models.shelf import is_on_disk
from advviz.ui.language import labelled, say
from advviz.ui.rungs import label
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.why import why

WHY = (
    "How far an attacker could move the pictures while the network was trained. Same architecture, "
    "same pictures, same recipe: only this differs from rung to rung."
)


def family(setup: Setup) -> None:
    """Choose the family of models whose rungs are shown."""
    found = [
        name
        for name, rungs in ladders.ladders().items()
        if len(rungs) > 1 and all(map(is_on_disk, rungs))
    ]
    current = setup.ladder.family
    offered = found if current in found else [current, *found]
    st.selectbox(
        say("Ladder"),
        offered,
        format_func=labelled(offered, lambda name: f"{name} · {_count(len(ladders.rungs(name)))}"),
        help=say("A family of models and the norm of the attacks that they were trained against.")
        + why("robust"),
        **control("av.family", current, Setup.with_ladder),
    )


def rung(setup: Setup) -> None:
    """Climb: choose the rung that is shown large; a ladder of one rung has nothing to climb."""
    spec = setup.ladder
    ids = [described.id for described in spec.rungs]
    if len(ids) == 1:
        st.info(
            say(
                "The ladder {family} has one rung here: nothing to compare it with. Choose another "
                "ladder above, or add a model that was trained at another strength.",
                family=spec.family,
            )
        )
        return
    st.select_slider(
        say("Training strength"),
        ids,
        format_func=labelled(ids, lambda model: label(record(model))),
        help=say(WHY) + why("robust"),
        **control("av.rung", spec.rung, lambda s, model: replace(s, rung=model)),
    )


def _count(rungs: int) -> str:
    return say("{rungs} rungs", rungs=rungs) if rungs > 1 else say("1 rung")
