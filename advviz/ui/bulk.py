"""A measurement in bulk on a page: begun, paused, resumed, drawn while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from advviz.errors import AdvvizError
from advviz.evaluation.runner import HasPieces, Progress, Takes, advance, seconds_left
from advviz.evaluation.sources import GALLERY
from advviz.evaluation.work import OWNERS
from advviz.models.records import record
from advviz.ui import state
from advviz.ui.language import quote, say
from advviz.ui.running import stage_words
from advviz.ui.words import duration, plain, title_of

EVERY = 2.0  # seconds between two drawings of figures that grow


class Prepared(HasPieces, Protocol):
    """What there is to measure of a plan."""

    @property
    def plan(self) -> Any:
        """Return the plan."""
        ...


Work = TypeVar("Work", bound=Prepared)


@dataclass(frozen=True)
class Bulk:
    """What one page measures in bulk.

    Args:
        name: in the keys of its widgets and of the engine's view, unlike any other page's.
    """

    name: str

    @property
    def session(self) -> str:
        """Name the engine's view of the run, apart from what the session looks at."""
        return f"{state.session()}/{self.name}"

    @property
    def _running(self) -> str:
        return f"av.{self.name}.running"

    def work_of(self, make: Callable[[], Any], prepare: Callable[..., Work]) -> Work | None:
        """Read the images of a plan, once; say in one sentence what cannot be measured.

        Args:
            make: returns the plan, or says what is wrong with it.
            prepare: reads its images, given the plan and whether they are somebody's own.
        """
        source, key = "", f"av.{self.name}.work"
        try:
            plan = make()
            source = plan.source
            kept: Work | None = st.session_state.get(key)
            if kept is None or kept.plan != plan:
                kept = prepare(plan, private=source != GALLERY)
                st.session_state[key] = kept
        except AdvvizError as error:
            said = str(error) if source in ("", GALLERY) else str(error).replace(source, OWNERS)
            st.error(plain(quote(said)))
            return None
        return kept

    def is_running(self, plan: object) -> bool:
        """Say whether this session is measuring a plan."""
        return bool(st.session_state.get(self._running) == plan)

    def offer(self, place: DeltaGenerator, plan: object, done: int, total: int) -> None:
        """Show the button that begins, or goes on."""
        label = say("Run") if not done else say("Resume") if done < total else say("Done")
        place.button(
            label,
            key=f"av.{self.name}.run",
            type="primary",
            on_click=self._begin,
            args=(plan,),
            disabled=0 < total <= done,
            width="stretch",
            help=say(
                "What is measured is kept piece by piece: a pause, a reload or a restart of the "
                "server loses one piece at most, and whoever asks the same finds it."
            ),
        )

    def offer_pause(self, place: DeltaGenerator) -> None:
        """Show the button that stops for now."""
        key = f"av.{self.name}.pause"
        place.button(say("Pause"), key=key, on_click=self._pause, width="stretch")

    def _begin(self, plan: object) -> None:
        st.session_state[self._running] = plan

    def _pause(self) -> None:
        st.session_state.pop(self._running, None)
        state.engine().stop(self.session)

    def measure(
        self, work: HasPieces, tally: Takes, told: DeltaGenerator, draw: Callable[[int], None]
    ) -> None:
        """Measure what is missing, and draw what there is now and then; then run the page again.

        Args:
            work: what there is to measure.
            tally: takes in what is measured.
            told: place of the progress.
            draw: draws the figures, given how often it was called before: the same chart cannot
                be there twice.
        """
        engine = state.engine()
        drawn, seen, times = monotonic(), -1, 0
        left: float | None = None
        try:
            for progress in advance(work, engine, tally, self.session):
                told.progress(progress.done / max(progress.total, 1), _words(progress, left))
                if progress.done != seen and monotonic() - drawn >= EVERY:
                    times += 1
                    draw(times)
                    left = seconds_left(work, engine)
                    drawn, seen = monotonic(), progress.done
        except AdvvizError as error:
            state.notice(quote(str(error)))
        st.session_state.pop(self._running, None)
        st.rerun()


def waiting() -> str:
    """Say what to expect where nothing of a plan is known."""
    return say(
        "Nothing of this plan is known yet; how long it takes is said once it runs. It gives "
        "way to whatever a visitor waits for, and goes on while this page is open."
    )


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
