"""Which figure shows which kind of experiment, and which control a chapter's word stands for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import streamlit as st

from advviz.models.classes import labels
from advviz.models.records import record
from advviz.ui import attack_controls, controls, method_controls, picture_choice
from advviz.ui import view_controls as viewing
from advviz.ui.features_controls import STOPS as FEATURES_STOPS
from advviz.ui.fields import on_board
from advviz.ui.language import say
from advviz.ui.lessons import attacks, confidence, drawing_figures, labs, map_figures, quiz
from advviz.ui.lessons.scene import Figure
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.training_controls import STOPS as TRAINING_STOPS
from advviz.ui.words import strength

FIGURES: Mapping[str, Figure] = MappingProxyType(
    {
        "board": attacks.BOARD,
        "noise": attacks.NOISE,
        "series": attacks.SERIES,
        "confidence": confidence.CONFIDENCE,
        "transfer": attacks.TRANSFER,
        "replay": attacks.REPLAY,
        "ball": attacks.BALL,
        "maps": map_figures.MAPS,
        "questions": map_figures.QUESTIONS,
        "quiz": quiz.QUIZ,
        "drawings": drawing_figures.DRAWINGS,
        "price": drawing_figures.PRICE,
        "features": labs.FEATURES,
        "training": labs.TRAINING,
    }
)
STEPS = (1, 2, 5, 10, 20, 50, 100)
SAMPLES = (1, 2, 5, 10, 20, 50, 100)
SIGMAS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
SEEDS = tuple(range(10))


def _stops(label: str, key: str, stops: Sequence[Any], current: Any, field: str) -> None:
    """A slider over few stops, so that a class asks for the same results."""
    st.select_slider(
        label, sorted({*stops, current}), **control(f"av.{key}", current, on_board(field))
    )


def _steps(setup: Setup) -> None:
    _stops(say("Steps"), "lesson.steps", STEPS, setup.board.steps, "steps")


def _samples(setup: Setup) -> None:
    _stops(say("Noisy copies"), "lesson.samples", SAMPLES, setup.board.samples, "samples")


def _sigma(setup: Setup) -> None:
    _stops(say("Noise σ, of the range"), "lesson.sigma", SIGMAS, setup.board.sigma, "sigma")


def _seed(setup: Setup) -> None:
    _stops(say("Seed"), "lesson.seed", SEEDS, setup.board.seed, "seed")


def _features_eps(setup: Setup) -> None:
    stops, eps = FEATURES_STOPS[setup.features.norm], setup.features.eps
    st.select_slider(
        say("Strength"),
        sorted({*stops, eps}),
        format_func=lambda value: strength(setup.features.norm, value),
        **control("av.lesson.features", eps, lambda s, value: s.with_features(eps=value)),
    )


def _training_eps(setup: Setup) -> None:
    stops, eps = TRAINING_STOPS[setup.training.norm], setup.training.eps
    st.select_slider(
        say("Strength"),
        sorted({*stops, eps}),
        format_func=lambda value: strength(setup.training.norm, value),
        **control("av.lesson.training", eps, lambda s, value: s.with_training(eps=value)),
    )


def _single_step(setup: Setup) -> None:
    st.toggle(
        say("Train with one single step"),
        **control(
            "av.lesson.single",
            setup.training.single_step,
            lambda s, value: s.with_training(single_step=value),
        ),
    )


def _start(setup: Setup) -> None:
    st.toggle(
        say("Start at a random point of the ball"),
        **control("av.lesson.start", setup.board.random_start, on_board("random_start")),
    )


def _unit(setup: Setup) -> None:
    described = record(setup.visualize.model)
    st.selectbox(
        say("Class to draw"),
        described.classes,
        format_func=labels(described).__getitem__,
        **control("av.lesson.unit", setup.visualize.unit.partition(":")[2], _draw_class),
    )


def _draw_class(setup: Setup, name: str) -> Setup:
    return replace(setup, visualize=replace(setup.visualize, unit=f"class:{name}"))


CONTROLS: Mapping[str, Callable[[Setup], None]] = MappingProxyType(
    {
        "image": picture_choice.image,
        "target": controls.target,
        "strength": controls.strength,
        "norm": attack_controls.norm,
        "steps": _steps,
        "start": _start,
        "model": controls.model,
        "gain": viewing.gain,
        "maps": viewing.explained_image,
        "drawing": viewing.drawing,
        "explained": viewing.explained,
        "samples": _samples,
        "sigma": _sigma,
        "unit": _unit,
        "from": method_controls.start,
        "seed": _seed,
        "features-eps": _features_eps,
        "training-eps": _training_eps,
        "single-step": _single_step,
    }
)
