"""The widgets of an attack's numbers: norm, strength, steps, start, seed."""

import streamlit as st

from advviz.attacks.catalogue import attacks
from advviz.experiments.attack_choice import PGD
from advviz.experiments.specs import AttackSpec
from advviz.fields import AUTO
from advviz.ui import attack_choice, words
from advviz.ui.fields import choose, count, help_of, meta_of, on_board
from advviz.ui.language import say, term
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.strengths import in_norm
from advviz.ui.why import why


def advanced(setup: Setup, spec: AttackSpec, *, full: bool = False) -> None:
    """Everything else about the attack, with the resolved values on one line.

    Args:
        setup: of the page.
        spec: the attack that the page runs, on any of its models.
        full: offer loss, numerics and early stop too.
    """
    if full or not attack_choice.is_pgd(setup):
        attack_choice.attack(setup)
    if attack_choice.is_pgd(setup):
        _of_pgd(setup)
    else:
        _of_any(setup)
    if full:
        _full(setup)
    st.caption(resolved(spec, setup.size))


def _of_any(setup: Setup) -> None:
    left, middle, right = st.columns([1.1, 1, 1])
    with left:
        norm(setup)
    with middle:
        exact_strength(setup)
    with right:
        count(setup, say("Seed"), "seed", AttackSpec)
    attack_choice.parameters(setup)


def _of_pgd(setup: Setup) -> None:
    top = st.columns([1.1, 1, 1, 1, 1.4, 1, 1])
    with top[0]:
        norm(setup)
    with top[1]:
        exact_strength(setup)
    with top[2]:
        count(setup, say("Steps"), "steps", AttackSpec)
    with top[3]:
        step_size(setup)
    with top[4]:
        st.segmented_control(
            say("Start"),
            [False, True],
            required=True,
            format_func={False: say("the picture"), True: say("random")}.__getitem__,
            help=say("Where in the ball the search begins; restarts always begin at random.")
            + why("ball"),
            **control("av.random_start", setup.board.random_start, on_board("random_start")),
        )
    with top[5]:
        count(setup, say("Restarts"), "restarts", AttackSpec)
    with top[6]:
        count(setup, say("Seed"), "seed", AttackSpec)


def _full(setup: Setup) -> None:
    board = setup.board
    left, middle, right, last = st.columns([1.4, 1.2, 1.1, 1.3], vertical_alignment="bottom")
    if attack_choice.is_pgd(setup):
        with left:
            bound = control("av.loss", board.loss, on_board("loss"))
            choose(say("Loss"), AttackSpec, "loss", bound, {"dlr": "DLR"})
    with middle:
        choose(
            say("Numerics"),
            AttackSpec,
            "numerics",
            control("av.numerics", board.numerics, on_board("numerics")),
            {},
        )
    with right:
        st.toggle(
            say("Stop at the first success"),
            help=help_of(AttackSpec, "early_stop"),
            **control("av.early", board.early_stop, on_board("early_stop")),
        )
    with last:
        st.toggle(
            say("Search in 8 bits"),
            help=say(
                "A saved file holds whole levels of 1/255. The search then asks only about "
                "pictures that a file can hold, so that the file fools whenever the search "
                "succeeds. An attack that looks for the smallest change has no such search."
            )
            + why("measuring"),
            disabled=attacks()[board.attack].minimal,
            **control("av.quantized", board.quantized, on_board("quantized")),
        )


def resolved(spec: AttackSpec, size: int) -> str:
    """The attack's values as they are used, on one line."""
    ball = f"{words.NORMS[spec.norm]} {words.budget(spec.norm, spec.eps, size)}"
    stops = say("stops at the first success") if spec.early_stop else say("all steps")
    grid = say("in 8 bits · ") if spec.quantized else ""
    end = say(
        "{numerics} numerics · {stops} · {grid}seed {seed}",
        numerics=term(spec.numerics),
        stops=stops,
        grid=grid,
        seed=spec.seed,
    )
    if spec.attack != PGD:
        title = term(attacks()[spec.attack].title.partition(":")[0])
        return say(
            "Resolved: {title} · {ball} · {options} · {end}",
            title=title,
            ball=ball,
            options=words.options(spec.params),
            end=end,
        )
    length = spec.resolved_step_size
    step = f"{length:.4g}" if spec.norm != "linf" else f"{255 * length:.4g}/255"
    start = say("a random point") if spec.resolved_random_start else say("the picture")
    searches = say("1 search")
    if spec.restarts > 1:
        searches = say("{restarts} searches", restarts=spec.restarts)
    return say(
        "Resolved: PGD-{steps} · {ball} · step {step} · from {start} · {searches} · {loss} · {end}",
        steps=spec.steps,
        ball=ball,
        step=step,
        start=start,
        searches=searches,
        loss=term(spec.loss),
        end=end,
    )


def norm(setup: Setup) -> None:
    """Choose the norm; the strength moves to the nearest stop of about the same size."""
    st.segmented_control(
        say("Norm"),
        attacks()[setup.board.attack].norms,
        required=True,
        format_func=words.NORMS.__getitem__,
        help=say(
            "L2 limits the length of the whole change, L∞ the change of any one pixel, L1 the "
            "sum of all changes."
        )
        + why("ball"),
        **control("av.norm", setup.board.norm, _change_norm),
    )


def _change_norm(setup: Setup, norm: str) -> Setup:
    return setup if norm == setup.board.norm else setup.with_board(**in_norm(setup, norm))


def exact_strength(setup: Setup) -> None:
    """Give the strength as a number, in the unit of its norm."""
    unit = 255 if setup.board.norm == "linf" else 1
    high = 255.0 if setup.board.norm == "linf" else meta_of(AttackSpec, "eps")["high"]
    st.number_input(
        say("Strength, exact") + (" (/255)" if unit > 1 else ""),
        0.0,
        high,
        step=0.25 if unit == 1 else 1.0,
        format="%.3f" if unit == 1 else "%.2f",
        help=say("Any value between the stops; it joins them on the slider.") + why("ball"),
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
        say("Step size") + (" (/255)" if unit > 1 else ""),
        0.0,
        meta_of(AttackSpec, "step_size")["high"] * unit,
        value=None,
        format="%.4f",
        placeholder=say("auto"),
        help=help_of(AttackSpec, "step_size"),
        **control(
            "av.step",
            None if size == AUTO else round(unit * float(size), 6),
            lambda s, value: s.with_board(step_size=AUTO if value is None else value / unit),
        ),
    )
