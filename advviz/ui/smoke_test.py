"""Does a model classify? It is asked of the gallery's pictures whose class it knows."""

from dataclasses import dataclass
from math import comb

import streamlit as st

from advviz.data import gallery
from advviz.data.images import SAMPLE_PREFIX
from advviz.errors import AdvvizError
from advviz.experiments.references import true_class
from advviz.experiments.specs import PredictSpec
from advviz.models import shelf
from advviz.models.records import ModelRecord, bundled, record
from advviz.ui import model_shelf, model_uploads, running, state
from advviz.ui.figures import behind, rich, show, table, waiting
from advviz.ui.language import say, term
from advviz.ui.running import Finds
from advviz.ui.words import reading

ENOUGH = 0.5
"""Share of the samples that a model must get right to be said to classify sensibly."""
CHANCE = 0.001
"""As many right answers, or more, must be rarer than this for one who guesses."""


_TESTED = "av.models.tested"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many of the samples a model got right.

    Args:
        right: whose first answer was the true class.
        n: samples that the model has a class for.
        classes: that the model knows.
    """

    right: int
    n: int
    classes: int

    @property
    def is_chance(self) -> bool:
        """Say whether one who guesses does as well, more often than one time in a thousand."""
        p = 1 / self.classes
        tail = sum(
            comb(self.n, k) * p**k * (1 - p) ** (self.n - k) for k in range(self.right, self.n + 1)
        )
        return tail > CHANCE

    @property
    def told(self) -> str:
        """Say what the outcome means."""
        if self.is_chance:
            return say("**This model does not classify; do not trust it**: a guess does as well.")
        if self.right < ENOUGH * self.n:
            return say(
                "**Fewer than half**: better than a guess, but look twice at what it says. Small "
                "samples and strong adversarial training both cost answers."
            )
        return say("It classifies sensibly. So few pictures say no more than that.")


def specs(described: ModelRecord) -> tuple[PredictSpec, ...]:
    """List the questions: one for each gallery picture whose class the model knows."""
    refs = (f"{SAMPLE_PREFIX}{sample.id}" for sample in gallery.samples(described.input_size))
    return tuple(
        PredictSpec(model=described.id, image=ref)
        for ref in refs
        if true_class(ref, described) is not None
    )


def outcome(described: ModelRecord, finds: Finds) -> Outcome | None:
    """Count the right answers; None while some are missing."""
    asked = specs(described)
    if not asked or any(spec not in finds or finds[spec].result is None for spec in asked):
        return None
    right = sum(_said(spec, finds) == true_class(spec.image, described) for spec in asked)
    return Outcome(right, len(asked), len(described.classes))


def draw(described: ModelRecord, finds: Finds) -> str:
    """Draw the outcome, and every answer behind it; until then, how far it has come."""
    asked = specs(described)
    if not asked:
        told = say(
            "Not measured here: no bundled sample shows a class of this model's, so try it on "
            "pictures of your own."
        )
        return show(f"<p>{rich(told)}</p>")
    known = outcome(described, finds)
    if known is None:
        done = sum(spec in finds and finds[spec].result is not None for spec in asked)
        words = say("asked about {done} of {n} bundled samples", done=done, n=len(asked))
        return show(f'<div class="av-asked">{waiting(words, done / len(asked))}</div>')
    rows = [
        (
            "✓" if _said(spec, finds) == true_class(spec.image, described) else "✗",
            term(gallery.sample(spec.image.removeprefix(SAMPLE_PREFIX)).title),
            term(str(true_class(spec.image, described))),
            _said(spec, finds, sure=True),
        )
        for spec in asked
    ]
    told = say(
        "**Measured here on the bundled samples: {right} of {n}.** {told}",
        right=known.right,
        n=known.n,
        told=known.told,
    )
    answers = table(("", say("Picture"), say("It shows"), say("The model says")), rows)
    return show(f"<p>{rich(told)}</p>") + behind(say("every answer"), answers)


def _said(spec: PredictSpec, finds: Finds, *, sure: bool = False) -> str:
    result = finds[spec].result
    if result is None:
        return ""
    read = reading(result.arrays["logits"], record(spec.model).classes)
    return str(read) if sure else read.label


def offer(described: ModelRecord) -> None:
    """Show what a model here said of the samples; ask it now if it has just come, or is small.

    Others are asked when somebody wants to know: to look at a page loads no large model.
    """
    if not shelf.is_on_disk(described):
        return
    asked = specs(described)
    if not (_is_asked_at_once(described) or _is_known(asked)):
        st.button(
            say("Ask it about the {n} bundled samples that it has a class for", n=len(asked)),
            key="av.models.ask",
            icon=":material/quiz:",
            on_click=_want,
            args=(described.id,),
        )
        return
    finds = running.show(asked, st.empty(), lambda finds: draw(described, finds))
    running.failures(finds)


def _is_asked_at_once(described: ModelRecord) -> bool:
    brought = {model.id for model in model_uploads.records()}
    return (
        described.id in bundled()
        or described.id in brought
        or described.id in st.session_state.get(_TESTED, ())
        or model_shelf.was_fetched_here(described)
    )


def _is_known(asked: tuple[PredictSpec, ...]) -> bool:
    try:
        return all(state.engine().peek(spec) is not None for spec in asked)
    except AdvvizError:
        return False


def _want(model: str) -> None:
    st.session_state[_TESTED] = {*st.session_state.get(_TESTED, ()), model}
