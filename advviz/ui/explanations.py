"""The page "Explanations measured": run, paused and resumed; each measure with its verdict."""

from time import monotonic

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from advviz.errors import AdvvizError
from advviz.evaluation.explanations.metrics import BY_KEY
from advviz.evaluation.explanations.plan import ExplanationPlan
from advviz.evaluation.explanations.shipped import shipped
from advviz.evaluation.explanations.table import Table, tabulated, titles
from advviz.evaluation.explanations.tally import ExplanationTally, known
from advviz.evaluation.explanations.work import ExplanationWork, prepared
from advviz.evaluation.runner import Progress, advance, seconds_left
from advviz.evaluation.sources import GALLERY
from advviz.evaluation.work import OWNERS
from advviz.models.records import record
from advviz.ui import state
from advviz.ui.explanations_controls import bound
from advviz.ui.explanations_figures import draw
from advviz.ui.language import labelled, quote, say, term
from advviz.ui.running import stage_words
from advviz.ui.setup import Setup
from advviz.ui.words import duration, plain, title_of

_RUNNING, _WORK = "av.explanations.running", "av.explanations.work"
EVERY = 2.0  # seconds between two drawings of figures that grow


def work_of(setup: Setup) -> ExplanationWork | None:
    """Read the images of the plan, once; say in one sentence what cannot be measured."""
    source = ""
    try:
        plan = setup.explanations.plan((setup.board.standard, setup.board.robust))
        source = plan.source
        kept = st.session_state.get(_WORK)
        if not isinstance(kept, ExplanationWork) or kept.plan != plan:
            kept = prepared(plan, private=plan.source != GALLERY)
            st.session_state[_WORK] = kept
    except AdvvizError as error:
        said = str(error) if source in ("", GALLERY) else str(error).replace(source, OWNERS)
        st.error(plain(quote(said)))
        return None
    return kept


def run(setup: Setup, work: ExplanationWork) -> ExplanationTally:
    """Show the button, the progress and the figures; measure while the visitor wants it."""
    plan, engine = work.plan, state.engine()
    left, right = st.columns([1, 4.6], vertical_alignment="center")
    told = right.empty()
    tally = known(work, engine)
    if st.session_state.get(_RUNNING) != plan:
        found = table_of(tally)
        _offer(left, plan, *tally.progress)
        told.caption(_waiting(tally, found))
        _choose(setup)
        draw(st.empty(), found, setup.explanations.maps_metric)
        return tally
    left.button(say("Pause"), key="av.explanations.pause", on_click=_pause, width="stretch")
    _choose(setup)
    body = st.empty()
    draw(body, tabulated(tally), setup.explanations.maps_metric)
    _measure(work, told, body, setup.explanations.maps_metric)
    st.session_state.pop(_RUNNING, None)
    st.rerun()


def table_of(tally: ExplanationTally) -> Table:
    """Return the figures: those measured here if they are all there, else those that ship."""
    done, total = tally.progress
    ready = None if done == total else shipped(tally.work.plan)
    return tabulated(tally) if ready is None else ready


def _offer(place: DeltaGenerator, plan: ExplanationPlan, done: int, total: int) -> None:
    label = say("Run") if not done else say("Resume") if done < total else say("Done")
    place.button(
        label,
        key="av.explanations.run",
        type="primary",
        on_click=_begin,
        args=(plan,),
        disabled=0 < total <= done,
        width="stretch",
        help=say(
            "What is measured is kept piece by piece: a pause, a reload or a restart of the "
            "server loses one piece at most, and whoever asks the same finds it."
        ),
    )


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
        return say(
            "Nothing of this plan is known yet; how long it takes is said once it runs. It gives "
            "way to whatever a visitor waits for, and goes on while this page is open."
        )
    return say("{done:,} of {total:,} maps are measured.", done=done, total=total)


def _begin(plan: ExplanationPlan) -> None:
    st.session_state[_RUNNING] = plan


def _pause() -> None:
    st.session_state.pop(_RUNNING, None)
    state.engine().stop(_session())


def _session() -> str:
    """Name the engine's view of the run, apart from what the session looks at."""
    return f"{state.session()}/explanations"


def _measure(work: ExplanationWork, told: DeltaGenerator, body: DeltaGenerator, key: str) -> None:
    """Measure what is missing, and draw what there is now and then."""
    tally, engine = ExplanationTally(work), state.engine()
    drawn, seen, times = monotonic(), -1, 0
    left: float | None = None
    try:
        for progress in advance(work, engine, tally, _session()):
            told.progress(progress.done / max(progress.total, 1), _words(progress, left))
            if progress.done != seen and monotonic() - drawn >= EVERY:
                times += 1
                draw(body, tabulated(tally), key, times)
                left = seconds_left(work, engine)
                drawn, seen = monotonic(), progress.done
    except AdvvizError as error:
        state.notice(quote(str(error)))


def _words(progress: Progress, left: float | None) -> str:
    said = say("{done:,} of {total:,} pieces", done=progress.done, total=progress.total)
    for job in progress.jobs[:1]:
        said += f" · {title_of(record(job.spec.model))}: {getattr(job.spec, 'method', '')[:40]}"
        if job.progress is not None:
            stage, done, steps = job.progress
            said += f", {stage_words(stage, done, steps)}"
        elif job.position:
            said += say(" · gives way to others")
    return said + (say(" · about {duration} left", duration=duration(left)) if left else "")


def _choose(setup: Setup) -> None:
    """Choose the measure that is drawn."""
    st.segmented_control(
        say("Measure drawn"),
        list(BY_KEY),
        required=True,
        format_func=labelled(BY_KEY, lambda key: term(BY_KEY[key].title)),
        **bound(setup, "maps_metric"),
    )
