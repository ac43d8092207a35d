"""The widgets of the page "Explanations measured": models, methods, images."""

from typing import Any

import streamlit as st

from advviz.data import picture_folder
from advviz.evaluation.sources import GALLERY
from advviz.explain.catalogue import explainers
from advviz.models import shelf
from advviz.models.records import catalogue, record
from advviz.ui.explanations_choice import ExplanationChoice
from advviz.ui.language import labelled, say, term
from advviz.ui.measure import FOLDER
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.words import ROW, title_of


def choose(setup: Setup) -> None:
    """Everything that a plan consists of."""
    left, right = st.columns([1.3, 1], gap="medium", vertical_alignment="bottom")
    with left:
        _models(setup)
    with right:
        _images(setup)
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


def _models(setup: Setup) -> None:
    """Choose among the models that are on this machine."""
    pair = ",".join((setup.board.standard, setup.board.robust))
    chosen = list(dict.fromkeys((setup.explanations.maps_models or pair).split(",")))
    here = [described.id for described in catalogue().values() if shelf.is_on_disk(described)]
    offered = list(dict.fromkeys([*chosen, *here]))
    st.multiselect(
        say("Models"),
        offered,
        format_func=labelled(
            offered, lambda name: f"{ROW[record(name).is_robust][0]} {title_of(record(name))}"
        ),
        help=say("Those that are on this machine. Models that are compared should share a recipe."),
        **control(
            "av.explanations.maps_models",
            chosen,
            lambda s, v: s.with_explanations(maps_models=",".join(v)),
        ),
    )


def _images(setup: Setup) -> None:
    """Choose the gallery, or the folder that the owner of the app offers."""
    offered = picture_folder.offered() is not None
    names = {GALLERY: say("the gallery")} | ({FOLDER: say("the owner's folder")} if offered else {})
    names.setdefault(setup.explanations.maps_images, say("a folder that is not offered any more"))
    st.segmented_control(
        say("Images"),
        list(names),
        required=True,
        format_func=names.__getitem__,
        help=say(
            "The gallery is small: its intervals are wide. A folder with one sub-folder a class "
            "is offered by whoever starts the app: advviz app --images DIR."
        ),
        **bound(setup, "maps_images"),
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
