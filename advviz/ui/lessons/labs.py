"""The labs within a chapter: their own figures, with one thing to turn."""

import streamlit as st

from advviz.experiments.protocol import Spec
from advviz.ui import features, training_lab, training_pictures
from advviz.ui.figures import Finished, rich, show
from advviz.ui.language import say
from advviz.ui.lessons.scene import Figure, Scene
from advviz.ui.running import Finds


def _features_specs(scene: Scene) -> tuple[Spec, ...]:
    return (scene.setup.features,)


def _features(scene: Scene, finds: Finds) -> str:
    return features.draw(scene.setup.features, finds)


def _features_before(scene: Scene) -> str:
    first, second = scene.setup.features.names
    told = say(
        "digits {first} and {second}: training, attacking, training again on wrong labels alone",
        first=first,
        second=second,
    )
    return show(_strip(told))


def _training_specs(scene: Scene) -> tuple[Spec, ...]:
    return (scene.setup.training,)


def _training(scene: Scene, finds: Finds) -> str:
    """Both verdicts; while the networks learn, how their weights and gradients form."""
    spec = scene.setup.training
    shown = finds[spec]
    drawn = show("".join(training_lab.strip(spec, place, shown) for place in range(2)))
    if shown.result is None and "weights" in training_pictures.known(shown):
        drawn += training_pictures.draw(spec, finds, None)
    return drawn


def _training_after(scene: Scene, finds: Finds) -> None:
    """Under the verdicts: whether training collapsed, its curves, weights and gradients."""
    spec = scene.setup.training
    result = finds[spec].result
    if result is not None:
        training_lab.collapsed(spec, result)
        training_lab.curves(spec, result.arrays, result.facts, "av.lesson.training")
        st.html(Finished(training_pictures.draw(spec, finds, None)))


def _training_before(_scene: Scene) -> str:
    told = say("two networks, the same first weights, the same batches; one of them is attacked")
    return show(_strip(told))


def _strip(told: str) -> str:
    """A strip of no model's: what is about to be done, and that the prediction comes first."""
    first = rich(say("your prediction first"))
    return (
        f'<div class="av-strip"><span class="av-verdict">{first}</span>'
        f'<span class="av-detail">{rich(told)}</span></div>'
    )


FEATURES = Figure(_features_specs, _features, before=_features_before)
TRAINING = Figure(_training_specs, _training, before=_training_before, after=_training_after)
