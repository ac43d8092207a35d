"""The widgets of the page "Explanations measured": models, methods, images."""

from typing import Any

import streamlit as st

from advviz.explain.catalogue import explainers
from advviz.ui import bulk_controls
from advviz.ui.explanations_choice import ExplanationChoice
from advviz.ui.language import labelled, say, term
from advviz.ui.setup import Setup
from advviz.ui.state import control


def choose(setup: Setup) -> None:
    """Everything that a plan consists of."""
    left, right = st.columns([1.3, 1], gap="medium", vertical_alignment="bottom")
    with left:
        bulk_controls.models(
            setup,
            setup.explanations.maps_models,
            "av.explanations.maps_models",
            lambda s, names: s.with_explanations(maps_models=names),
        )
    with right:
        bulk_controls.images(setup.explanations.maps_images, bound(setup, "maps_images"))
    columns = st.columns([2.4, 0.8, 0.8, 0.8], gap="medium", vertical_alignment="bottom")
    with columns[0]:
        _methods(setup)
    for column, (label, name) in zip(
        columns[1:],
        (
            (say("Images at most"), "maps_limit"),
            (say("Steps"), "maps_steps"),
            (say("Seed"), "maps_sample"),
        ),
        strict=True,
    ):
        with column:
            meta = ExplanationChoice.__dataclass_fields__[name].metadata
            st.number_input(
                label, meta["low"], meta["high"], help=term(meta["help"]), **bound(setup, name)
            )


def _methods(setup: Setup) -> None:
    """Choose among the methods of the catalogue; none means all."""
    st.multiselect(
        say("Methods"),
        list(explainers()),
        format_func=labelled(explainers(), lambda name: term(explainers()[name].title)),
        help=say("None chosen: all. The maps that know nothing are always measured too."),
        placeholder=say("all of them"),
        **control(
            "av.explanations.maps_methods",
            [word for word in setup.explanations.maps_methods.split(",") if word],
            lambda s, v: s.with_explanations(maps_methods=",".join(v)),
        ),
    )


def bound(setup: Setup, name: str) -> dict[str, Any]:
    """Tie a widget to a choice."""
    value = getattr(setup.explanations, name)
    return control(f"av.explanations.{name}", value, lambda s, v: s.with_explanations(**{name: v}))
