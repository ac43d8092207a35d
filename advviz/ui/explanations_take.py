"""What a visitor takes home from the page "Explanations measured"."""

import json

import streamlit as st

from advviz.evaluation.explanations.plan import command
from advviz.evaluation.explanations.table import as_csv
from advviz.evaluation.explanations.tally import ExplanationTally
from advviz.ui import drawers, explanations_choice, permalinks, state, take_home
from advviz.ui.evaluation_details import program
from advviz.ui.explanations import table_of
from advviz.ui.language import say


def offer(tally: ExplanationTally) -> None:
    """Offer figures, lines, link, command and program; closed it costs nothing."""
    drawer = drawers.opened(say("Take it home: numbers, link, command"), "av.e.t")
    if not drawer:
        return
    with drawer:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                say("Figures, JSON"),
                lambda: _json(tally),
                file_name="advviz-explanations.json",
                mime="application/json",
                key="av.e.json",
                on_click="ignore",
                icon=":material/download:",
            )
            st.download_button(
                say("A line an image, CSV"),
                lambda: as_csv(tally).encode(),
                file_name="advviz-explanations.csv",
                mime="text/csv",
                key="av.e.csv",
                on_click="ignore",
                icon=":material/download:",
                disabled=not tally.progress[0],
                help=say("Of what was measured on this machine."),
            )
        line = command(tally.work.plan, "FOLDER" if tally.work.images.private else None)
        words = permalinks.to_query(state.get(), "board", explanations_choice.SHOWN)
        take_home.ways(words, line, program(line))


def _json(tally: ExplanationTally) -> bytes:
    return json.dumps(table_of(tally), indent=1, allow_nan=False).encode()
