"""The curves of the training lab: what each network gets right, epoch by epoch, and why."""

from collections.abc import Mapping, Sequence
from typing import Any

from advviz.experiments.lab_training import LabTrainingSpec
from advviz.experiments.lab_training import described as partner
from advviz.ui import curves
from advviz.ui.curves import Axis, Curve
from advviz.ui.language import say
from advviz.ui.words import strength

Arrays = Mapping[str, Any]
Chart = tuple[Sequence[Curve], Axis, str]
"""Curves, what they run over, and the title."""


def accuracy(spec: LabTrainingSpec, arrays: Arrays) -> Chart:
    """What both get right on held-out images, as they are and under the judge."""
    standard, robust = partner(spec, "standard"), partner(spec, "robust")
    clean, judged = arrays["clean"], arrays["judged"]
    drawn = [
        Curve(standard, say("○ as they are"), clean[0], faint=True),
        Curve(standard, say("○ attacked"), judged[0]),
        Curve(robust, say("● as they are"), clean[1], faint=True),
        Curve(robust, say("● attacked"), judged[1]),
    ]
    return drawn, _epochs(), say("Share of held-out images that are right, by epoch")


def loss(spec: LabTrainingSpec, arrays: Arrays) -> Chart:
    """The loss that each descends, on the images that it is shown."""
    values = arrays["loss"]
    top = max(float(values.max()), 1e-9)
    drawn = [
        Curve(partner(spec, "standard"), say("○ of images"), values[0] / top),
        Curve(partner(spec, "robust"), say("● of the worst"), values[1] / top),
    ]
    axis = Axis(title=say("epoch"), head=say("epoch"), top=top, first=1)
    return drawn, axis, say("Training loss, by epoch")


def own(spec: LabTrainingSpec, arrays: Arrays, fell: Mapping[str, Any] | None) -> Chart:
    """The robust network under its own training attack and under the judge."""
    robust = partner(spec, "robust")
    mark = None if fell is None else int(fell["epoch"])
    drawn = [
        Curve(robust, say("● its own attack"), arrays["own"][1], faint=True),
        Curve(robust, say("● the judge"), arrays["judged"][1], mark=mark),
    ]
    axis = Axis(title=say("epoch"), head=say("epoch"), mark=say("the collapse"))
    return drawn, axis, say("The robust network under its own attack and under the judge, by epoch")


def by_strength(spec: LabTrainingSpec, arrays: Arrays) -> Chart:
    """What is still right after attacks of several strengths."""
    right = arrays["radii_right"] / float(arrays["radii_n"])
    drawn = [
        Curve(partner(spec, "standard"), say("○ standard"), right[0]),
        Curve(partner(spec, "robust"), say("● robust"), right[1]),
    ]
    title = say("Share of images that stay right, by strength of the attack")
    return drawn, _radii(spec, arrays), title


def by_distance(spec: LabTrainingSpec, arrays: Arrays) -> Chart:
    """How far the answers move when the images move."""
    standard, robust = partner(spec, "standard"), partner(spec, "robust")
    moved, shaken = arrays["radii_answers"], arrays["radii_at_random"]
    drawn = [
        Curve(standard, say("○ attacked"), moved[0]),
        Curve(standard, say("○ at random"), shaken[0], faint=True),
        Curve(robust, say("● attacked"), moved[1]),
        Curve(robust, say("● at random"), shaken[1], faint=True),
    ]
    title = say("Change of the answer, by size of the change of the image")
    return drawn, _radii(spec, arrays), title


def svg(chart: Chart) -> str:
    """Draw a chart."""
    drawn, axis, title = chart
    return curves.confidence(drawn, title, axis)


def table(chart: Chart) -> str:
    """The numbers behind a chart, on request."""
    drawn, axis, _ = chart
    return curves.table(drawn, axis)


def _epochs() -> Axis:
    return Axis(title=say("epoch"), head=say("epoch"))


def _radii(spec: LabTrainingSpec, arrays: Arrays) -> Axis:
    radii = [float(radius) for radius in arrays["radii"]]
    ticks = [f"{255 * r:.3g}" if spec.norm == "linf" else f"{r:.3g}" for r in radii]
    unit = say("L∞ in 1/255") if spec.norm == "linf" else say("L2, pixels in [0, 1]")
    trained = strength(spec.norm, spec.eps)
    title = say("{unit} (trained against {trained}; evenly spaced)", unit=unit, trained=trained)
    return Axis(title=title, head=unit, ticks=ticks)
