"""Taking a feature visualization home while it forms: watched on request, then offered."""

from collections.abc import Sequence

import streamlit as st

from advviz.experiments.forming import FormingSpec, moving
from advviz.experiments.specs import VisualizeSpec
from advviz.models.records import record
from advviz.ui import drawers, running
from advviz.ui.figures import rich, show
from advviz.ui.language import say
from advviz.ui.running import Finds
from advviz.ui.take_home import download
from advviz.ui.words import ROW


def drawer(drawings: Sequence[VisualizeSpec]) -> None:
    """Offer the drawings of a page as moving pictures.

    A drawing keeps its result, not its way there: that is drawn once more, to the same pixels,
    when somebody opens the drawer.
    """
    place = drawers.opened(say("Watch it form: GIF and WebP to take home"), "av.forming")
    if place is None:
        return
    specs = [FormingSpec(drawing=drawing) for drawing in drawings]
    with place:
        finds = running.show(specs, st.empty(), lambda finds: _draw(specs, finds))
        running.failures(finds)
        for spec in specs:
            _offer(spec, finds)


def _draw(specs: Sequence[FormingSpec], finds: Finds) -> str:
    """How far it has come; nothing, once everything is there."""
    lines = [
        f"<p>{rich(f'{_name(spec)}: {finds[spec].words}')}</p>"
        for spec in specs
        if finds[spec].result is None
    ]
    return show("".join(lines))


def _offer(spec: FormingSpec, finds: Finds) -> None:
    result = finds[spec].result
    if result is None:
        return
    stem = f"advviz-forming-{spec.model}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{_name(spec)}: {say('{n} frames', n=len(result.arrays['frames']))}")
        download(f"{stem}.gif", "GIF", "image/gif", lambda: moving(spec, result, "gif"))
        download(f"{stem}.webp", "WebP", "image/webp", lambda: moving(spec, result, "webp"))


def _name(spec: FormingSpec) -> str:
    return " ".join(ROW[record(spec.model).is_robust])
