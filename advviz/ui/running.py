"""Jobs on a page: started, watched at a calm pace, stopped; never computed here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from advviz.compute import Job, State
from advviz.errors import AdvvizError
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result
from advviz.pictures import photo
from advviz.ui import state
from advviz.ui.figures import Finished, picture, waiting
from advviz.ui.language import quote, say
from advviz.ui.words import duration, plain

SOON = 1.0  # seconds: a shorter wait is over before its estimate is read
BYTES_A_SECOND = 400_000
"""Of drawings that are still to change, to one visitor: large ones are drawn less often."""
ANEW = 1.0  # seconds for which an estimate stands, where nothing else has changed


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page knows of an experiment at one moment."""

    result: Result | None
    words: str  # how far it has come, or why there is nothing
    share: float | None = None
    preview: Any = None
    partial: Mapping[str, Any] | None = None  # arrays of a result that is still being made
    error: str | None = None  # one sentence, where it failed

    @property
    def content(self) -> str:
        """What stands in the place of the picture that is not there yet."""
        below = (
            "" if self.preview is None else picture(photo(self.preview), say("still being made"))
        )
        return waiting(self.words, self.share, below)


Finds = dict[Spec, Shown]
Draw = Callable[[Finds], str]


def show(
    specs: Sequence[Spec],
    place: DeltaGenerator,
    draw: Draw,
    button: DeltaGenerator | None = None,
    *,
    fresh: bool = False,
    background: bool = False,
) -> Finds:
    """Have experiments computed, and show whenever there is more to see.

    Args:
        specs: in the order in which they are wanted.
        place: where the drawing is shown.
        draw: makes HTML of what is known; called at most four times a second.
        button: the place of the button: Stop while jobs run, Run afterwards.
        fresh: compute again although results are known.
        background: they can wait for everything that anybody else waits for.

    Returns:
        What is known at the end: of every spec, its result or why there is none.
    """
    wanted = tuple(dict.fromkeys(specs))
    if state.is_stopped(wanted):
        finds = {spec: _kept(spec) for spec in wanted}
        place.html(Finished(draw(finds)))
    else:
        finds = _watch(wanted, place, draw, button, fresh, background)
    _run_button(button)
    return finds


def _watch(
    wanted: tuple[Spec, ...],
    place: DeltaGenerator,
    draw: Draw,
    button: DeltaGenerator | None,
    fresh: bool,
    background: bool,
) -> Finds:
    finds: Finds = {}
    shown, pulse = "", st.empty()
    moment: tuple[object, ...] = ()
    until = free = 0.0
    lane = {"background": True} if background else {}
    with state.engine().watch(state.session(), wanted, fresh=fresh, **lane) as view:
        if not view.done:
            _stop_button(button, wanted)
        for _ in view.updates():
            now, is_open = tuple(map(_moment, view.jobs)), not view.done
            if is_open and (monotonic() < free or (now == moment and monotonic() < until)):
                pulse.empty()  # sends next to nothing, and lets a newer run take over
                continue
            moment, until = now, monotonic() + ANEW
            finds = {spec: _seen(job) for spec, job in zip(wanted, view.jobs, strict=True)}
            drawn = draw(finds)
            if drawn != shown:
                place.html(Finished(drawn))
                free = monotonic() + len(drawn) / BYTES_A_SECOND
            else:
                pulse.empty()
            shown = drawn
    return finds


def _moment(job: Job) -> tuple[object, ...]:
    """What has changed where there is more to see of a job; a preview is never changed."""
    return (
        job.state,
        job.position,
        job.progress,
        id(job.preview),
        id(job.partial),
        job.result is None,
        job.error,
    )


def _stop_button(button: DeltaGenerator | None, specs: tuple[Spec, ...]) -> None:
    if button is not None:
        button.button(
            say("Stop"), key="av.stop", on_click=state.stop, args=(specs,), width="stretch"
        )


def _run_button(button: DeltaGenerator | None) -> None:
    if button is None:
        return
    button.button(
        say("Run"),
        key="av.run",
        type="primary",
        on_click=state.resume,
        width="stretch",
        help=say(
            "A page runs by itself when a choice changes; results that are known are shown at "
            "once, for the same set-up gives the same numbers."
        ),
    )


def _seen(job: Job) -> Shown:
    if job.state is State.DONE:
        return Shown(job.result, "")
    if job.state is State.FAILED:
        return _failed(job.error or say("this could not be computed"))
    if job.state is State.CANCELLED:
        return Shown(None, say("stopped"))
    expected = state.engine().expected(job)
    if job.progress is None:
        return Shown(None, waiting_words(job, expected.start))
    stage, done, total = job.progress
    words = stage_words(stage, done, total)
    if expected.end is not None and expected.end >= SOON:
        words += say(", about {duration} left", duration=duration(expected.end))
    return Shown(None, words, done / total if total else None, job.preview, job.partial)


def stage_words(stage: str, done: int, total: int | None) -> str:
    """Say how far a stage has come."""
    named = quote(stage)
    if total:
        return say("{stage}: step {done} of {total}", stage=named, done=done, total=total)
    return say("{stage}: step {done}", stage=named, done=done)


def waiting_words(job: Job, start: float | None) -> str:
    """Say of a job without progress where it stands.

    Args:
        job: an open one.
        start: estimated seconds until it is served; None where nothing is known.
    """
    if job.state is State.RUNNING:
        return say("starting")
    words = (
        say("waiting, {position} before it", position=job.position) if job.position else say("next")
    )
    if start is None or start < SOON:
        return words
    return say("{words}, about {duration}", words=words, duration=duration(start))


def _kept(spec: Spec) -> Shown:
    try:
        result = state.engine().peek(spec)
    except AdvvizError as error:
        return _failed(str(error))
    return Shown(result, "" if result else say("stopped"))


def _failed(sentence: str) -> Shown:
    return Shown(None, say("could not be made"), error=sentence)


def failures(finds: Finds) -> None:
    """Say once, in a sentence each, what could not be computed."""
    for sentence in sorted({shown.error for shown in finds.values() if shown.error}):
        st.error(plain(quote(sentence)))
