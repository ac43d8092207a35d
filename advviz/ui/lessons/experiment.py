"""One experiment of a chapter on the page: asked first, computed meanwhile, then shown."""

from dataclasses import dataclass, replace

import streamlit as st

from advviz.ui import running
from advviz.ui.figures import Finished, rich, show
from advviz.ui.language import say
from advviz.ui.lessons import prediction, quiz, sheet, text
from advviz.ui.lessons.experiments import CONTROLS, FIGURES
from advviz.ui.lessons.place import Here
from advviz.ui.lessons.prediction import ONE
from advviz.ui.lessons.scene import Scene
from advviz.ui.running import Finds


@dataclass(frozen=True, slots=True)
class Places:
    """Where on the page the parts of an experiment go, once they are known."""

    button: st.delta_generator.DeltaGenerator
    result: st.delta_generator.DeltaGenerator
    more: st.delta_generator.DeltaGenerator


def offer(here: Here) -> Places:
    """Show the controls and the question, and keep places for the result."""
    columns = st.columns([2.2, 2.2, 1], vertical_alignment="bottom")
    for column, name in zip(columns, here.experiment.controls, strict=False):
        with column:
            CONTROLS[name](here.setup)
    button = columns[-1].empty()
    scene = scene_of(here)
    if here.experiment.shows == "quiz":
        above = st.empty() if not here.is_revealed else None
        prediction.ask(here, quiz.LETTERS, quiz.options(), quiz.truth(scene))
        result = above or st.empty()
    else:
        prediction.ask(here)
        result = st.empty()
    return Places(button, result, st.container())


def scene_of(here: Here) -> Scene:
    """What the figure of an experiment is drawn from."""
    return Scene(here.experiment, here.setup, here.presenting)


def run(here: Here, places: Places) -> None:
    """Compute, also while the student thinks; show the result to who has predicted."""
    scene, figure = scene_of(here), FIGURES[here.experiment.shows]
    shown, is_quiz = here.is_revealed, here.experiment.shows == "quiz"

    def draw(finds: Finds) -> str:
        if shown:
            return figure.draw(scene, finds)
        return quiz.blind(scene, finds) if is_quiz else figure.before(scene)

    finds: Finds = {}
    if specs := figure.specs(scene):
        finds = running.show(specs, places.result, draw, places.button if shown else None)
    else:
        places.result.html(Finished(draw(finds)))
    with places.more:
        running.failures(finds)
        if shown:
            if all(found.result is not None for found in finds.values()):
                figure.after(scene, finds)
            _told(here, scene, finds)


def _told(here: Here, scene: Scene, finds: Finds) -> None:
    """What to notice, and the ways on with this set-up."""
    notice = rich(here.experiment.look_for)
    st.html(show(f'<p class="av-notice"><b>{rich(say("Look for"))}</b> {notice}</p>'))
    is_quiz = here.experiment.shows == "quiz"
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        text.ways_out(here)
        if all(shown.result is not None for shown in finds.values()):
            drawn = FIGURES[here.experiment.shows].draw(replace(scene, presenting=False), finds)
            parts, options = (quiz.LETTERS, quiz.options()) if is_quiz else (ONE, ())
            sheet.offer(here, drawn, parts, options)
