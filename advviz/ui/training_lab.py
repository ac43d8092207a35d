"""The figures of the training lab that stand above its pictures: verdicts and curves."""

from collections.abc import Mapping
from time import monotonic
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from advviz.evaluation.wilson import Share
from advviz.experiments.lab_training import PARTNERS, LabTrainingSpec, described
from advviz.experiments.result import Result
from advviz.ui import components, figures, training_charts
from advviz.ui.language import say
from advviz.ui.running import Shown
from advviz.ui.training_charts import Arrays, Chart
from advviz.ui.training_pictures import caption, known
from advviz.ui.words import percent, strength

REDRAWN = 1.5  # seconds between two drawings of curves that grow


class Live:
    """The verdicts and the curves of a lab, drawn again as they grow.

    Args:
        spec: what is trained.
        verdicts: an empty place.
        place: another, for the curves.
    """

    def __init__(
        self, spec: LabTrainingSpec, verdicts: DeltaGenerator, place: DeltaGenerator
    ) -> None:
        self._spec, self._verdicts, self._place = spec, verdicts, place
        self._times, self._next = 0, 0.0

    def update(self, shown: Shown) -> None:
        """Draw what is known; curves at a calm pace, and none before the first epoch has ended."""
        strips = "".join(strip(self._spec, place, shown) for place in range(2))
        self._verdicts.html(figures.show(strips))
        arrays = known(shown)
        if "loss" not in arrays:
            return
        if shown.result is None and monotonic() < self._next:
            return
        self._next = monotonic() + REDRAWN
        self._times += 1
        facts = None if shown.result is None else shown.result.facts
        with self._place.container():
            curves(self._spec, arrays, facts, f"av.training.chart.{self._times}")


def curves(
    spec: LabTrainingSpec, arrays: Arrays, facts: Mapping[str, Any] | None, key: str
) -> None:
    """Draw accuracy and loss over the epochs."""
    fell = None if facts is None else facts["collapse"]
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(say("Right on held-out images"))
        _chart(training_charts.accuracy(spec, arrays), f"{key}.accuracy")
        st.html(caption(_of_accuracy(spec, facts)))
    with right:
        if spec.single_step:
            st.subheader(say("The robust network, by two attacks"))
            _chart(training_charts.own(spec, arrays, fell), f"{key}.own")
            st.html(caption(_of_own()))
        else:
            st.subheader(say("The loss that each descends"))
            _chart(training_charts.loss(spec, arrays), f"{key}.loss")
            st.html(caption(_of_loss()))


def strengths(spec: LabTrainingSpec, result: Result) -> None:
    """Draw what stronger attacks leave, and how far they move the answers."""
    left, right = st.columns(2, gap="large")
    n = int(result.arrays["radii_n"])
    with left:
        st.subheader(say("Stronger attacks, what is left"))
        _chart(training_charts.by_strength(spec, result.arrays), "av.training.chart.strength")
        st.html(
            caption(
                say(
                    "**Still right after PGD of each strength,** on {n} test images. Follow the "
                    "solid line past the strength that was trained against: robust is not safe. "
                    "Beyond the last point nothing was tried.",
                    n=n,
                )
            )
        )
    with right:
        st.subheader(say("Change of the image, change of the answer"))
        _chart(training_charts.by_distance(spec, result.arrays), "av.training.chart.distance")
        st.html(
            caption(
                say(
                    "**How far the answer moves:** half the sum of the changes of all "
                    "probabilities, the mean over {n} test images. Faint: random changes of the "
                    "same size; how much less do they do? A small change of the answer is no "
                    "proof: a better search may find a larger one.",
                    n=n,
                )
            )
        )


def strip(spec: LabTrainingSpec, place: int, shown: Shown) -> str:
    """One network: what it was trained on, and the verdict on it."""
    model = described(spec, PARTNERS[place])
    trained = (
        say("trained on the images as they are")
        if place == 0
        else say("trained on the worst within {budget}", budget=strength(spec.norm, spec.eps))
    )
    accent = figures.accent(model)
    if shown.result is None:
        return f'<div class="{accent}">{figures.strip(model, shown.words, trained)}</div>'
    facts = shown.result.facts
    clean, robust = (Share(facts[name][place], facts["n"]) for name in ("clean", "robust"))
    low, high = robust.interval
    verdict = say(
        "{clean} right as they are, {robust} under attack",
        clean=percent(clean.value),
        robust=percent(robust.value),
    )
    badge = say(
        "n = {n}, 95% interval {low} to {high}",
        n=facts["n"],
        low=percent(low),
        high=percent(high),
    )
    return f'<div class="{accent}">{figures.strip(model, verdict, trained, badge)}</div>'


def _chart(chart: Chart, key: str) -> None:
    components.drawing(training_charts.svg(chart), key)
    st.html(training_charts.table(chart))


def _of_accuracy(spec: LabTrainingSpec, facts: Mapping[str, Any] | None) -> str:
    watched = "" if facts is None else say(" ({n} of them)", n=facts["watched"])
    return say(
        "**Held-out images{watched}, right as they are (faint) and under attack,** {budget}: PGD "
        "of {steps} steps, while training uses {trained}. Does the dashed line leave the floor? "
        "A better attack can only lower the lower curves; the verdict above adds two more.",
        watched=watched,
        budget=strength(spec.norm, spec.eps),
        steps=spec.steps_judged_with,
        trained=spec.steps_trained_with,
    )


def _of_loss() -> str:
    return say(
        "**Training loss.** The standard network descends the loss of the images; the robust one "
        "that of the worst images within reach, which is higher and falls more slowly. The two "
        "are not comparable in height, and neither says what is right."
    )


def _of_own() -> str:
    return say(
        "**The same network, two attacks.** Faint: the single step that it is trained with. "
        "Strong: the judge's many small steps. While both rise together, it learns to be robust; "
        "when the faint one stays up and the other falls, it has learnt to fool its own attack. "
        "The training loss does not show it."
    )


def collapsed(spec: LabTrainingSpec, result: Result) -> None:
    """Say whether training collapsed, and by what one sees it."""
    fell = result.facts["collapse"]
    if fell is not None:
        st.error(
            say(
                "Catastrophic overfitting, seen after epoch {epoch}: it is right on {own} of the "
                "images under the attack that it trains with, and on {after} under the judge, "
                "where it had been right on {before}; at the end on {own_end} and on {judged_end}. "
                "Fast adversarial training (Wong et al., 2020) stops when accuracy under PGD falls "
                "suddenly: that would keep epoch {best}.",
                epoch=fell["epoch"],
                before=percent(fell["before"]),
                after=percent(fell["after"]),
                own=percent(fell["own"]),
                best=fell["best"],
                own_end=percent(float(result.arrays["own"][1][-1])),
                judged_end=percent(float(result.arrays["judged"][1][-1])),
            )
        )
    elif spec.single_step:
        st.info(
            say(
                "No collapse in this run: under the judge it never lost half of its best accuracy "
                "while it held under its own attack. A larger strength, a wider network or "
                "another seed may bring one."
            )
        )
