"""The widgets of the page Evaluate: models, attacks, eps, images."""

from typing import Any

import streamlit as st

from advviz.attacks.catalogue import attacks
from advviz.evaluation.plan import ALL, FREE
from advviz.ui import bulk_controls
from advviz.ui.fields import help_of
from advviz.ui.language import labelled, say, term
from advviz.ui.measure import Measure
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.why import why

NORMS = {"l1": "L1", "l2": "L2", "linf": "L∞"}
FIRST_RADII = {"l1": "2,6,12", "l2": "0.25,0.5,1,1.5", "linf": "1/255,2/255,4/255,8/255"}


def choose(setup: Setup) -> None:
    """Everything that a plan consists of."""
    left, right = st.columns([1.3, 1], gap="medium", vertical_alignment="bottom")
    with left:
        bulk_controls.models(
            setup,
            setup.measure.models,
            "av.measure.models",
            lambda s, names: s.with_measure(models=names),
            why("measuring"),
        )
    with right:
        bulk_controls.images(setup.measure.images, _bound(setup, "images"), why("measuring"))
    first, second, third = st.columns([1.5, 0.8, 1.3], gap="medium", vertical_alignment="bottom")
    with first:
        _attacks(setup)
    with second:
        _norm(setup)
    with third:
        _radii(setup)
    columns = st.columns([1, 1, 1, 1.6], gap="medium", vertical_alignment="bottom")
    for column, (label, name) in zip(
        columns,
        ((say("Images at most"), "limit"), (say("Steps"), "steps"), (say("Seed"), "sample")),
        strict=False,
    ):
        with column:
            _count(setup, label, name)
    with columns[-1]:
        names = {ALL: say("all"), FREE: say("only free ones")}
        st.segmented_control(
            say("Red flags"),
            list(names),
            required=True,
            format_func=names.__getitem__,
            help=help_of(Measure, "checks"),
            **_bound(setup, "checks"),
        )


def _attacks(setup: Setup) -> None:
    """Choose among the attacks of the catalogue that know the norm."""
    chosen = setup.measure.attacks.split(",")
    known = [name for name, attack in attacks().items() if setup.measure.norm in attack.norms]
    st.multiselect(
        say("Attacks"),
        list(dict.fromkeys([*known, *chosen])),
        format_func=labelled(attacks(), lambda name: term(attacks()[name].title.partition(":")[0])),
        help=say("The more different they are, the more the worst case means.") + why("measuring"),
        **control(
            "av.measure.attacks",
            chosen,
            lambda s, v: s.with_measure(attacks=",".join(v)) if v else s,
        ),
    )


def _norm(setup: Setup) -> None:
    """Choose the norm; the radii become some that suit it."""
    known = dict.fromkeys(norm for attack in attacks().values() for norm in attack.norms)
    st.segmented_control(
        say("Norm"),
        [norm for norm in NORMS if norm in known],
        required=True,
        format_func=lambda norm: NORMS.get(norm, norm),
        help=say("Of the balls. L2: the length of the change; L∞: of any one pixel.")
        + why("measuring"),
        **control("av.measure.norm", setup.measure.norm, _change_norm),
    )


def _change_norm(setup: Setup, norm: str) -> Setup:
    if norm == setup.measure.norm:
        return setup
    able = [n for n in setup.measure.attacks.split(",") if norm in attacks()[n].norms]
    return setup.with_measure(
        norm=norm, radii=FIRST_RADII[norm], attacks=",".join(able) or setup.measure.attacks
    )


def _radii(setup: Setup) -> None:
    st.text_input(say("eps"), help=help_of(Measure, "radii"), **_bound(setup, "radii"))


def _count(setup: Setup, label: str, name: str) -> None:
    meta = Measure.__dataclass_fields__[name].metadata
    st.number_input(
        label,
        meta["low"],
        meta["high"],
        help=term(meta["help"]) + why("measuring"),
        **_bound(setup, name),
    )


def _bound(setup: Setup, name: str) -> dict[str, Any]:
    value = getattr(setup.measure, name)
    return control(f"av.measure.{name}", value, lambda s, v: s.with_measure(**{name: v}))
