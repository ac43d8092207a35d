"""The page "Explanations measured": run, paused and resumed; each measure with its verdict."""

import streamlit as st

from advviz.evaluation.explanations.metrics import BY_KEY
from advviz.evaluation.explanations.shipped import shipped
from advviz.evaluation.explanations.table import Table, tabulated, titles
from advviz.evaluation.explanations.tally import ExplanationTally, known
from advviz.evaluation.explanations.work import ExplanationWork, prepared
from advviz.ui import state
from advviz.ui.bulk import Bulk, waiting
from advviz.ui.explanations_controls import bound
from advviz.ui.explanations_figures import draw
from advviz.ui.language import labelled, say, term
from advviz.ui.setup import Setup

BULK = Bulk("explanations")


def work_of(setup: Setup) -> ExplanationWork | None:
    """Read the images of the plan, once; say in one sentence what cannot be measured."""
    shown = (setup.board.standard, setup.board.robust)
    return BULK.work_of(lambda: setup.explanations.plan(shown), prepared)


def run(setup: Setup, work: ExplanationWork) -> ExplanationTally:
    """Show the button, the progress and the figures; measure while the visitor wants it."""
    metric = setup.explanations.maps_metric
    left, right = st.columns([1, 4.6], vertical_alignment="center")
    told = right.empty()
    tally = known(work, state.engine())
    if not BULK.is_running(work.plan):
        found = table_of(tally)
        BULK.offer(left, work.plan, *tally.progress)
        told.caption(_waiting(tally, found))
        _choose(setup)
        draw(st.empty(), found, metric)
        return tally
    BULK.offer_pause(left)
    _choose(setup)
    body = st.empty()
    draw(body, tabulated(tally), metric)
    # What is known is counted anew, piece by piece.
    growing = ExplanationTally(work)
    BULK.measure(work, growing, told, lambda times: draw(body, tabulated(growing), metric, times))
    return growing


def table_of(tally: ExplanationTally) -> Table:
    """Return the figures: those measured here if they are all there, else those that ship."""
    done, total = tally.progress
    ready = None if done == total else shipped(tally.work.plan)
    return tabulated(tally) if ready is None else ready


def _waiting(tally: ExplanationTally, found: Table) -> str:
    """Say where the figures come from, and what is missing."""
    done, total = tally.progress
    if found is shipped(tally.work.plan):
        there = {row["method"] for row in found["rows"]}
        named = titles(())
        missing = [term(named[m]) for m in tally.work.plan.methods if m not in there]
        told = say(
            "These figures were measured on the bundled weights and ship with the app; Run "
            "measures on this machine."
        )
        left = say(" Not among them yet: {names}.", names=", ".join(missing)) if missing else ""
        return told + left
    if not done:
        return waiting()
    return say("{done:,} of {total:,} maps are measured.", done=done, total=total)


def _choose(setup: Setup) -> None:
    """Choose the measure that is drawn."""
    st.segmented_control(
        say("Measure drawn"),
        list(BY_KEY),
        required=True,
        format_func=labelled(BY_KEY, lambda key: term(BY_KEY[key].title)),
        **bound(setup, "maps_metric"),
    )
