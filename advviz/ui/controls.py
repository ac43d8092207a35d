"""The widgets that every page has: picture, target, strength, model; and the drawer."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from advviz import resources
from advviz.experiments.parameters import UNTARGETED
from advviz.models.records import record
from advviz.ui import attack_controls, drawers, own_pictures, words
from advviz.ui.fields import on_board
from advviz.ui.language import say
from advviz.ui.picture_choice import image
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.strengths import STOPS
from advviz.ui.why import why

WHY = {
    "target": "The class that the attack drives the network to. Any wrong answer is easier to "
    "reach than one that you name.",
    "strength": "How far the picture may move: the radius of the ball that the attack searches. "
    "Raise it until the robust model gives way too.",
    "model": "A pair should have one architecture and one data set, and differ in its training "
    "alone: the robust one was trained on attacked pictures. Each is attacked through its own "
    "gradients. Other pairs are chosen on the page Models & images.",
}
OTHERS, _LEAVES = "other models", "av.leaves"


def four(setup: Setup, models: Callable[[Setup], None]) -> DeltaGenerator:
    """The four visible controls in a row; returns the place of the button beside them.

    Args:
        setup: of the page.
        models: the control of the model, or of the models, that the page shows.
    """
    columns = st.columns([2.3, 1.9, 2.7, 1.8, 1], vertical_alignment="bottom")
    for column, show in zip(columns, (image, target, strength, models), strict=False):
        with column:
            show(setup)
    own_pictures.strip(setup)
    return columns[-1].empty()


def more(setup: Setup, label: str) -> None:
    """The drawer of everything else about the attack; and one's own picture."""
    drawer = drawers.opened(label, "av.more")
    if drawer is not None:
        with drawer:
            attack_controls.advanced(setup, setup.attack(setup.models[0]))
            own_pictures.bring(setup)


def target(setup: Setup) -> None:
    """Choose the class to reach."""
    described, known = record(setup.board.standard), setup.true_class
    offered = [name for name in described.classes if name != known or name == setup.target]
    names = {**words.class_names(described), UNTARGETED: say("any other class")}
    st.selectbox(
        say("Target"),
        [*offered, UNTARGETED],
        format_func=names.__getitem__,
        help=say(WHY["target"]) + why("attack"),
        **control("av.target", setup.board.target, on_board("target")),
    )


def strength(setup: Setup) -> None:
    """Choose how far the picture may move, among stops; a free value joins them."""
    norm, eps = setup.board.norm, setup.board.eps
    st.select_slider(
        say("Strength"),
        sorted({*STOPS[norm], eps}),
        format_func=lambda value: words.strength(norm, value),
        help=say(WHY["strength"]) + why("ball"),
        **control("av.strength", eps, on_board("eps")),
    )


def rows(setup: Setup) -> None:
    """Choose the models on the board."""
    board = setup.board
    names = {
        "both": say("both, side by side"),
        "standard": words.model_name(record(board.standard), record(board.robust)),
        "robust": words.model_name(record(board.robust), record(board.standard)),
    }
    _models(names, "av.rows", setup.view.rows, lambda s, rows: s.with_view(rows=rows))


def model(setup: Setup) -> None:
    """Choose the one model of a page."""
    names = {
        name: words.model_name(record(name), record(setup.other(name)))
        for name in (setup.board.standard, setup.board.robust)
    }
    _models(names, "av.model", setup.model, lambda s, name: replace(s, model=name))


def _models(
    names: dict[str, str], key: str, current: str, apply: Callable[[Setup, str], Setup]
) -> None:
    """Choose among the models of the pair; the last entry leads to all the others."""
    names = {**names, OTHERS: say("other models …")}
    st.selectbox(
        say("Model"),
        list(names),
        format_func=names.__getitem__,
        help=say(WHY["model"]) + why("robust"),
        **control(key, current, lambda s, name: _leave(s) if name == OTHERS else apply(s, name)),
    )
    if st.session_state.pop(_LEAVES, False):
        st.switch_page(resources.pages() / "models.py")


def _leave(setup: Setup) -> Setup:
    """Have the page lead to that of the models when it next runs; what is set up stays."""
    st.session_state[_LEAVES] = True
    return setup
