"""What is measured in bulk: the controls that such pages share, for models and for images."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from advviz.data import picture_folder
from advviz.evaluation.sources import GALLERY
from advviz.models import shelf
from advviz.models.records import catalogue, record
from advviz.ui.language import labelled, say
from advviz.ui.measure import FOLDER
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.words import ROW, title_of


def models(
    setup: Setup, named: str, key: str, change: Callable[[Setup, str], Setup], more: str = ""
) -> None:
    """Choose among the models that are on this machine.

    Args:
        setup: holds the pair that is measured where no model is named.
        named: the models that are chosen, by comma.
        key: of the widget.
        change: makes a set-up of another choice.
        more: ends the help.
    """
    shown = named or ",".join((setup.board.standard, setup.board.robust))
    here = [described.id for described in catalogue().values() if shelf.is_on_disk(described)]
    chosen = list(dict.fromkeys(shown.split(",")))
    offered = list(dict.fromkeys([*chosen, *here]))
    st.multiselect(
        say("Models"),
        offered,
        format_func=labelled(
            offered, lambda name: f"{ROW[record(name).is_robust][0]} {title_of(record(name))}"
        ),
        help=say("Those that are on this machine. Models that are compared should share a recipe.")
        + more,
        **control(key, chosen, lambda setup, value: change(setup, ",".join(value))),
    )


def images(source: str, bound: dict[str, Any], more: str = "") -> None:
    """Choose the gallery, or the folder that the owner of the app offers.

    Args:
        source: the choice.
        bound: ties the widget to it, as `control` does.
        more: ends the help.
    """
    offered = picture_folder.offered() is not None
    names = {GALLERY: say("the gallery")} | ({FOLDER: say("the owner's folder")} if offered else {})
    names.setdefault(source, say("a folder that is not offered any more"))
    st.segmented_control(
        say("Images"),
        list(names),
        required=True,
        format_func=names.__getitem__,
        help=say(
            "The gallery is small: its intervals are wide. A folder with one sub-folder a class "
            "is offered by whoever starts the app: advviz app --images DIR."
        )
        + more,
        **bound,
    )
