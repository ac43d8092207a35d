"""The widgets of an attack's numbers: norm, strength, steps, start, seed."""

from math import log

import streamlit as st

from advviz.experiments.fields import AUTO
from advviz.experiments.presets import STRENGTHS
from advviz.experiments.specs import AttackSpec
from advviz.ui import words
from advviz.ui.fields import choose, count, help_of, meta_of, on_board
from advviz.ui.setup import Setup
from advviz.ui.state import control

STOPS = {
    "l2": STRENGTHS,
    "linf": tuple(level / 255 for level in (0, 0.5, 1, 2, 4, 8, 16, 32)),
}
"""Strengths that are offered, so that a class asks for the same results."""


def advanced(setup: Setup, spec: AttackSpec, *, full: bool = False) -> None:
    """Everything else about the attack, with the resolved values on one line.

    Args:
        setup: of the page.
        spec: the attack that the page runs, on any of its models.
        full: offer loss, numerics and early stop too.
    """
    top = st.columns([1.1, 1, 1, 1, 1.4, 1, 1])
    with top[0]:
        norm(setup)
    with top[1]:
        exact_strength(setup)
    with top[2]:
        count(setup, "Steps", "steps", AttackSpec)
    with top[3]:
        step_size(setup)
    with top[4]:
        st.segmented_control(
            "Start",
            [False, True],
            required=True,
            format_func=lambda random: "random" if random else "the picture",
            help="Where in the ball the search begins; restarts always begin at random.",
            **control("av.random_start", setup.board.random_start, on_board("random_start")),
        )
    with top[5]:
        count(setup, "Restarts", "restarts", AttackSpec)
    with top[6]:
        count(setup, "Seed", "seed", AttackSpec)
    if full:
        _full(setup)
    st.caption(resolved(spec, setup.size))


def _full(setup: Setup) -> None:
    board = setup.board
    left, middle, right, last = st.columns([1.4, 1.2, 1.1, 1.3], vertical_alignment="bottom")
    with left:
        choose(
            "Loss",
            AttackSpec,
            "loss",
            control("av.loss", board.loss, on_board("loss")),
            {"cross-entropy": "cross-entropy", "logit": "logit", "margin": "margin"},
        )
    with middle:
        choose(
            "Numerics",
            AttackSpec,
            "numerics",
            control("av.numerics", board.numerics, on_board("numerics")),
            {},
        )
    with right:
        st.toggle(
            "Stop at the first success",
            help=help_of(AttackSpec, "early_stop"),
            **control("av.early", board.early_stop, on_board("early_stop")),
        )
    with last:
        st.toggle(
            "Search in 8 bits",
            help="A saved file holds whole levels of 1/255. The search then asks only about "
            "pictures that a file can hold, so that the file fools whenever the search succeeds.",
            **control("av.quantized", board.quantized, on_board("quantized")),
        )


def resolved(spec: AttackSpec, size: int) -> str:
    """The attack's values as they are used, on one line."""
    length = spec.resolved_step_size
    step = f"{length:.4g}" if spec.norm == "l2" else f"{255 * length:.4g}/255"
    start = "a random point" if spec.resolved_random_start else "the picture"
    return (
        f"Resolved: PGD-{spec.steps} · {spec.norm.replace('linf', 'L∞').replace('l2', 'L2')} "
        f"{words.budget(spec.norm, spec.eps, size)} · step {step} · from {start} · "
        f"{spec.restarts} search{'es' if spec.restarts > 1 else ''} · {spec.loss} · "
        f"{spec.numerics} numerics · "
        f"{'stops at the first success' if spec.early_stop else 'all steps'} · "
        f"{'in 8 bits · ' if spec.quantized else ''}seed {spec.seed}"
    )


def norm(setup: Setup) -> None:
    """Choose the norm; the strength moves to the nearest stop of about the same size."""
    st.segmented_control(
        "Norm",
        ["l2", "linf"],
        required=True,
        format_func={"l2": "L2", "linf": "L∞"}.__getitem__,
        help="L2 limits the length of the whole change, L∞ the change of any one pixel.",
        **control("av.norm", setup.board.norm, _change_norm),
    )


def _change_norm(setup: Setup, norm: str) -> Setup:
    if norm == setup.board.norm:
        return setup
    pixels = (3 * setup.size**2) ** 0.5
    wanted = setup.board.eps * (pixels if norm == "l2" else 1 / pixels)
    stops = STOPS[norm][1:]
    eps = min(stops, key=lambda stop: abs(log(stop / wanted))) if wanted else 0.0
    return setup.with_board(norm=norm, eps=eps, step_size=AUTO)


def exact_strength(setup: Setup) -> None:
    """Give the strength as a number, in the unit of its norm."""
    unit = 255 if setup.board.norm == "linf" else 1
    high = 255.0 if setup.board.norm == "linf" else meta_of(AttackSpec, "eps")["high"]
    st.number_input(
        "Strength, exact" + (" (/255)" if unit > 1 else ""),
        0.0,
        high,
        step=0.25 if unit == 1 else 1.0,
        format="%.3f" if unit == 1 else "%.2f",
        help="Any value between the stops; it joins them on the slider.",
        **control(
            "av.exact",
            round(unit * setup.board.eps, 6),
            lambda s, value: s.with_board(eps=value / unit if unit > 1 else value),
        ),
    )


def step_size(setup: Setup) -> None:
    """Give the length of a step, or leave it to the rule."""
    size = setup.board.step_size
    unit = 255 if setup.board.norm == "linf" else 1
    st.number_input(
        "Step size" + (" (/255)" if unit > 1 else ""),
        0.0,
        meta_of(AttackSpec, "step_size")["high"] * unit,
        value=None,
        format="%.4f",
        placeholder="auto",
        help=help_of(AttackSpec, "step_size"),
        **control(
            "av.step",
            None if size == AUTO else round(unit * float(size), 6),
            lambda s, value: s.with_board(step_size=AUTO if value is None else value / unit),
        ),
    )
