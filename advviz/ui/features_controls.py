"""The widgets of the page "Bugs or features?"."""

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from advviz.data import picture_folder
from advviz.data.two_classes import CIFAR10, DIGITS, OWNERS, class_names
from advviz.errors import AdvvizError, InvalidInputError
from advviz.experiments.features import LINEAR, SMALL, FeaturesSpec
from advviz.ui import drawers
from advviz.ui.fields import meta_of
from advviz.ui.language import say
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.why import why

STOPS = {
    "l2": (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0),
    "linf": tuple(number / 255 for number in (0, 1, 2, 4, 8, 16, 32, 64)),
}
FIRST = {
    DIGITS: {"classes": "3,8", "eps": 1.0, "seeds": 10},
    CIFAR10: {"classes": "airplane,cat", "eps": 0.5, "seeds": 3, "limit": 5000},
}
"""What a data set begins with: CIFAR-10 needs many pictures, and so more time."""
DEEP_SEEDS, DEEP_STEPS = 2, 300
"""A small network takes minutes a seed on a processor."""


def four(setup: Setup) -> DeltaGenerator:
    """Data, the two classes, eps; returns the place of the button."""
    spec = setup.features
    columns = st.columns([1.5, 0.8, 0.8, 1.7, 0.8], gap="medium", vertical_alignment="bottom")
    with columns[0]:
        _data(spec)
    for place, column in enumerate(columns[1:3]):
        with column:
            _class(spec, place)
    with columns[3]:
        _eps(spec)
    return columns[4].empty()


def advanced(setup: Setup) -> None:
    """Everything else that the lab is told, on request."""
    spec = setup.features
    drawer = drawers.opened(
        say("Advanced: the attack, the network, training, seeds, controls"), "av.features.more"
    )
    if drawer is None:
        return
    with drawer:
        first, second, third, fourth = st.columns(4, gap="medium", vertical_alignment="bottom")
        with first:
            _choice(spec, say("Norm"), "norm", {"l2": "L2", "linf": "L∞"}, _with_norm)
        with second:
            _count(spec, say("Steps of the attack"), "attack_steps")
        with third:
            _switch(spec, say("Stop at the flip"), "early_stop")
        with fourth:
            _switch(spec, say("Controls"), "controls")
        first, second, third, fourth = st.columns(4, gap="medium", vertical_alignment="bottom")
        with first:
            names = {LINEAR: say("linear"), SMALL: say("small ResNet")}
            _choice(spec, say("Network"), "network", names, _with_network)
        with second:
            _count(spec, say("Steps of training"), "steps")
        with third:
            _count(spec, say("Seeds"), "seeds")
        with fourth:
            _count(spec, say("First seed"), "seed")
        if spec.data != DIGITS:
            _count(spec, say("Pictures of a class at most"), "limit")
        if spec.network == SMALL:
            st.caption(
                say(
                    "A small ResNet is trained in the background: it gives way to whatever anybody "
                    "waits for, and can be stopped. Weights of a network with several layers are "
                    "no picture, so none is shown."
                )
            )


def _data(spec: FeaturesSpec) -> None:
    """Choose the digits, CIFAR-10, or the folder that the owner of the app offers."""
    names = {DIGITS: say("digits"), CIFAR10: "CIFAR-10"}
    if picture_folder.offered() is not None or spec.data == OWNERS:
        names[OWNERS] = say("the owner's folder")
    st.segmented_control(
        say("Pictures"),
        list(names),
        required=True,
        format_func=names.__getitem__,
        help=say(
            "Digits: 8 × 8 pixels, there at once. CIFAR-10 is downloaded when you ask for it. A "
            "folder with one folder a class is offered by whoever starts the app: "
            "advviz app --images DIR."
        )
        + why("features"),
        **_bound(spec, "data", _with_data),
    )


def _with_data(setup: Setup, data: str) -> Setup:
    if data == setup.features.data:
        return setup
    plain = setup.with_features(data=data, norm="l2", limit=FeaturesSpec().limit)
    if data in FIRST:
        return plain.with_features(**FIRST[data])
    classes = ",".join(class_names(data)[:2])
    if "," not in classes:
        raise InvalidInputError("the owner's folder must have two folders of classes at least")
    return plain.with_features(classes=classes, eps=0.5, seeds=3)


def _class(spec: FeaturesSpec, place: int) -> None:
    """Choose one of the two classes; choosing the other one swaps them."""
    try:
        known = class_names(spec.data)
    except AdvvizError:  # the page says it once
        known = ()
    current = spec.names[place]
    st.selectbox(
        (say("First class"), say("Second class"))[place],
        list(dict.fromkeys([*known, current])),
        **control(f"av.features.class{place}", current, _with_class(place)),
    )


def _with_class(place: int) -> Callable[[Setup, Any], Setup]:
    def change(setup: Setup, name: str) -> Setup:
        names = list(setup.features.names)
        if name == names[1 - place]:
            names.reverse()
        else:
            names[place] = name
        return setup.with_features(classes=",".join(names))

    return change


def _eps(spec: FeaturesSpec) -> None:
    """Turn the strength of the attack."""
    unit = 255 if spec.norm == "linf" else 1
    st.select_slider(
        say("eps, how far each picture may be moved")
        + (" (L2)" if spec.norm == "l2" else " (L∞, 1/255)"),
        sorted({*STOPS[spec.norm], spec.eps}),
        format_func=lambda eps: f"{unit * eps:g}",
        help=say(
            "In pixels from 0 to 1. At 0 nothing is changed and nothing is kept; a large eps "
            "flips every picture, and you begin to see it."
        )
        + why("features"),
        **_bound(spec, "eps"),
    )


def _with_norm(setup: Setup, norm: str) -> Setup:
    if norm == setup.features.norm:
        return setup
    return setup.with_features(norm=norm, eps={"l2": 1.0, "linf": 32 / 255}[norm])


def _with_network(setup: Setup, network: str) -> Setup:
    if network == setup.features.network:
        return setup
    if network == SMALL:
        return setup.with_features(network=network, seeds=DEEP_SEEDS, steps=DEEP_STEPS)
    plain = FeaturesSpec()
    return setup.with_features(network=network, seeds=plain.seeds, steps=plain.steps)


def _choice(
    spec: FeaturesSpec,
    label: str,
    name: str,
    names: dict[str, str],
    apply: Callable[[Setup, Any], Setup],
) -> None:
    st.segmented_control(
        label,
        list(names),
        required=True,
        format_func=names.__getitem__,
        **_bound(spec, name, apply),
    )


def _count(spec: FeaturesSpec, label: str, name: str) -> None:
    meta = meta_of(FeaturesSpec, name)
    st.number_input(label, meta["low"], meta["high"], **_bound(spec, name))


def _switch(spec: FeaturesSpec, label: str, name: str) -> None:
    st.toggle(label, **_bound(spec, name))


def _bound(
    spec: FeaturesSpec, name: str, apply: Callable[[Setup, Any], Setup] | None = None
) -> dict[str, Any]:
    change = apply or (lambda setup, value: setup.with_features(**{name: value}))
    return control(f"av.features.{name}", getattr(spec, name), change)
