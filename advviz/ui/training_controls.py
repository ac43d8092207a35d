"""The widgets of the lab that trains a robust model."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from advviz.experiments.lab_training import (
    CIFAR10,
    DIGITS,
    NETWORKS,
    NORMS,
    LabTrainingSpec,
    collapsing,
)
from advviz.ui import drawers
from advviz.ui.fields import help_of, meta_of
from advviz.ui.language import say
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.why import why
from advviz.ui.words import strength

STOPS = {
    "l2": (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0),
    "linf": (0.0, 4 / 255, 8 / 255, 16 / 255, 0.1, 0.2, 0.35),
}
USUAL = {"l2": 0.75, "linf": 0.2}
COLLAPSE = ("network", "norm", "eps", "single_step", "epochs", "batch", "judge_steps")
"""Fields that the switch sets, to what collapses, and back."""


def show(setup: Setup) -> DeltaGenerator:
    """The controls in a row; returns the place of the button beside them."""
    columns = st.columns([1.1, 1.5, 2.4, 2.2, 1], vertical_alignment="bottom")
    with columns[0]:
        _data(setup)
    with columns[1]:
        _network(setup)
    with columns[2]:
        _strength(setup)
    with columns[3]:
        _collapse(setup)
    return columns[-1].empty()


def more(setup: Setup) -> None:
    """The drawer of everything else."""
    label = say("Advanced: norm, training attack, epochs, learning rate, judge, seed")
    drawer = drawers.opened(label, "av.training.more")
    if drawer is None:
        return
    with drawer:
        left, middle, right = st.columns(3, gap="large")
        with left:
            _norm(setup)
            _number(setup, say("Exact eps"), "eps")
            _number(setup, say("Steps of the training attack"), "attack_steps")
            _random_start(setup)
        with middle:
            _number(setup, say("Epochs"), "epochs")
            _number(setup, say("Learning rate"), "learning_rate")
            _number(setup, say("Images a step"), "batch")
            if setup.training.data == CIFAR10:
                _number(setup, say("Training images"), "images")
        with right:
            _number(setup, say("Steps of the judge"), "judge_steps")
            _number(setup, say("Starts of the judge"), "judge_restarts")
            _number(setup, say("Seed"), "seed")


def _field(name: str) -> dict[str, Any]:
    return {"help": help_of(LabTrainingSpec, name)}


def _bound(setup: Setup, name: str) -> dict[str, Any]:
    value = getattr(setup.training, name)
    return control(
        f"av.training.{name}", value, lambda s, chosen: s.with_training(**{name: chosen})
    )


def _data(setup: Setup) -> None:
    names = {DIGITS: say("digits"), CIFAR10: "CIFAR-10"}
    st.selectbox(
        say("Images"),
        list(names),
        format_func=names.__getitem__,
        **_field("data"),
        **control("av.training.data", setup.training.data, _with_data),
    )


def _with_data(setup: Setup, data: str) -> Setup:
    """Digits take any strength; CIFAR-10 begins with the usual one, and fewer epochs."""
    usual = {"eps": 0.5, "norm": "l2", "epochs": 10, "batch": 128, "single_step": False}
    if data == CIFAR10:
        return setup.with_training(data=data, **usual)
    return Setup.with_training(
        setup, data=data, eps=USUAL["l2"], norm="l2", epochs=20, batch=64, single_step=False
    )


def network_names() -> dict[str, str]:
    """The networks that can be trained, in words."""
    return {
        "linear": say("linear"),
        "convolutional": say("small convolutional"),
        "wide": say("wide convolutional"),
    }


def _network(setup: Setup) -> None:
    names = network_names()
    st.selectbox(
        say("Network"),
        NETWORKS,
        format_func=names.__getitem__,
        **_field("network"),
        **_bound(setup, "network"),
    )


def _strength(setup: Setup) -> None:
    norm, eps = setup.training.norm, setup.training.eps
    st.select_slider(
        say("Train and judge against"),
        sorted({*STOPS[norm], eps}),
        format_func=lambda value: strength(norm, value),
        help=say(
            "How far the attacker may move an image while the robust network is trained, and "
            "while both are judged. At 0 both trainings are the same."
        )
        + why("measuring"),
        **control("av.training.strength", eps, lambda s, value: s.with_training(eps=value)),
    )


def _collapse(setup: Setup) -> None:
    st.toggle(
        say("Train with a single step"),
        help=say(
            "One step of the whole radius from the image itself instead of several small ones: "
            "cheap, and the robust network can learn to fool its own attack. The switch also "
            "chooses the network, the norm and the strength with which that happens here."
        )
        + why("measuring"),
        **control("av.training.single", setup.training.single_step, _with_single),
    )


def _with_single(setup: Setup, single: bool) -> Setup:
    chosen = collapsing() if single else LabTrainingSpec()
    return setup.with_training(**{name: getattr(chosen, name) for name in COLLAPSE})


def _norm(setup: Setup) -> None:
    names = {"l2": "L2", "linf": "L∞"}
    st.segmented_control(
        say("Norm"),
        NORMS,
        required=True,
        format_func=names.__getitem__,
        **_field("norm"),
        **control(
            "av.training.norm",
            setup.training.norm,
            lambda s, norm: s.with_training(norm=norm, eps=USUAL[norm]),
        ),
    )


def _random_start(setup: Setup) -> None:
    st.toggle(
        say("The training attack starts at a random point"),
        **_field("random_start"),
        **_bound(setup, "random_start"),
    )


def _number(setup: Setup, label: str, name: str) -> None:
    meta = meta_of(LabTrainingSpec, name)
    finer: dict[str, Any] = {"format": "%g"} if meta["type"] is float else {}
    st.number_input(
        label, meta["low"], meta["high"], **finer, **_field(name), **_bound(setup, name)
    )


def epoch(spec: LabTrainingSpec) -> int:
    """Choose the epoch whose weights and gradients are shown."""
    epochs = [number for number in range(spec.epochs) if number & (number - 1) == 0]
    left, _ = st.columns(2, gap="large")
    chosen: int = left.select_slider(
        say("Weights and gradients after epoch"),
        [*epochs, spec.epochs],
        value=spec.epochs,
        key=f"av.training.epoch.{spec.epochs}",
        help=say("While training runs, the newest are shown."),
    )
    return chosen
