"""The choice of an attack from the catalogue, and controls made from its parameters."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import streamlit as st

from advviz.attacks.catalogue import attacks
from advviz.experiments.attack_choice import PGD, params_of
from advviz.experiments.options import written_options
from advviz.ui.language import labelled, say, term
from advviz.ui.parameter_controls import widget
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.strengths import in_norm
from advviz.ui.why import why


def attack(setup: Setup) -> None:
    """Choose the attack; its parameters begin with its defaults."""
    chosen = attacks()[setup.board.attack]
    st.selectbox(
        say("Attack"),
        list(attacks()),
        format_func=labelled(attacks(), lambda name: term(attacks()[name].title)),
        help=say(
            "{paper}. It works in {norms}.",
            paper=chosen.paper,
            norms=say(" and ").join(chosen.norms),
        )
        + why("measuring"),
        **control("av.attack", setup.board.attack, _change_attack),
    )


def _change_attack(setup: Setup, name: str) -> Setup:
    """Take another attack, in the norm of before where it knows it."""
    chosen, board = attacks()[name], setup.board
    values: dict[str, Any] = {} if board.norm in chosen.norms else in_norm(setup, chosen.norms[0])
    quantized = board.quantized and not chosen.minimal
    return setup.with_board(attack=name, options="", quantized=quantized, **values)


def parameters(setup: Setup) -> None:
    """Give the parameters of an attack other than PGD, each within its range."""
    params = params_of(setup.board)
    for column, field in zip(st.columns(len(fields(params))), fields(params), strict=True):
        with column:
            key = f"av.of.{setup.board.attack}.{field.name}"
            bound = control(key, getattr(params, field.name), _told(field.name))
            widget(field.name, field.metadata, bound, chapter="measuring")


def _told(name: str) -> Callable[[Setup, Any], Setup]:
    """The change of one parameter."""

    def change(setup: Setup, value: Any) -> Setup:
        params = replace(params_of(setup.board), **{name: value})
        return setup.with_board(options=written_options(params))

    return change


def is_pgd(setup: Setup) -> bool:
    """Say whether the attack is the one whose parameters have controls of their own."""
    return setup.board.attack == PGD
