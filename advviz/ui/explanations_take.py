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
            take_home.download(
                "advviz-explanations.json",
                say("Figures, JSON"),
                "application/json",
                lambda: _json(tally),
            )
            take_home.download(
                "advviz-explanations.csv",
                say("A line an image, CSV"),
                "text/csv",
                lambda: as_csv(tally).encode(),
                disabled=not tally.progress[0],
                help=say("Of what was measured on this machine."),
            )
        line = command(tally.work.plan, "FOLDER" if tally.work.images.private else None)
        words = permalinks.to_query(state.get(), "board", explanations_choice.SHOWN)
        take_home.ways(words, line, program(line))


def _json(tally: ExplanationTally) -> bytes:
    return json.dumps(table_of(tally), indent=1, allow_nan=False).encode()
