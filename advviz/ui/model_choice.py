"""Choosing the model whose card is shown: by family, and by architecture where there are many."""

import streamlit as st

from advviz.models import shelf
from advviz.models.records import ModelRecord, own_models, record
from advviz.ui import model_cards, model_uploads, named_models
from advviz.ui.language import labelled, say
from advviz.ui.model_cards import BUNDLED, FAMILIES, YOURS
from advviz.ui.setup import Setup
from advviz.ui.words import plain

MANY = 12
"""Models of a family from which on they are shown by architecture."""
_FAMILY, _ARCHITECTURE = "av.models.family", "av.models.architecture"
_MODEL, _NEXT = "av.models.chosen", "av.models.next"


def family() -> str:
    """Choose a family of models.

    The numbers count the catalogue alone: a browser that is shown another label for what it has
    chosen falls back to the first.
    """
    _take_next()
    st.segmented_control(
        say("Family"),
        list(FAMILIES),
        key=_FAMILY,
        required=True,
        format_func=labelled(
            FAMILIES, lambda name: f"{say(FAMILIES[name])} ({len(model_cards.members(name))})"
        ),
        help=say(
            "Adversarially augmented models saw attacked pictures as more data; no search was "
            "made against them while they learned, and they are not robust."
        ),
    )
    return str(st.session_state[_FAMILY])


def choose(setup: Setup, family: str) -> ModelRecord | None:
    """Choose a model of a family, maybe by its architecture; None where there is none."""
    found = _members(family)
    if len(found) > MANY:
        found = _of_architecture(found)
        line = model_cards.rung_line
    else:
        line = model_cards.line
    if family == YOURS:
        _broken()
    if not found:
        st.caption(
            say(
                "None yet: upload weights below, or start the app with the environment variable "
                "ADVVIZ_MODELS naming a folder in which NAME.toml lies beside NAME.safetensors."
            )
        )
        return None
    by_id = {described.id: described for described in found}
    if st.session_state.get(_MODEL) not in by_id:
        in_use = [model for model in (setup.board.robust, setup.board.standard) if model in by_id]
        st.session_state[_MODEL] = (in_use or list(by_id))[-1 if in_use else 0]
    st.radio(
        say("Model"),
        list(by_id),
        key=_MODEL,
        format_func=labelled(by_id, lambda name: plain(line(by_id[name]))),
        captions=[_caption(family, each) for each in found],
    )
    return by_id[st.session_state[_MODEL]]


def show_next(model: str) -> None:
    """Have the next run of the page show a model."""
    st.session_state[_NEXT] = model


def _caption(family: str, described: ModelRecord) -> str:
    """Say which models of the network are here; of the others there is no doubt."""
    is_here = family not in (BUNDLED, YOURS) and shelf.is_on_disk(described)
    return say("on this machine") if is_here else ""


def _take_next() -> None:
    """Set the widgets to the model that was asked for, before they are drawn."""
    model = st.session_state.pop(_NEXT, None)
    st.session_state.setdefault(_FAMILY, BUNDLED)
    if model is not None:
        st.session_state[_FAMILY] = model_cards.family_of(record(model))
        st.session_state[_MODEL] = model


def _members(family: str) -> tuple[ModelRecord, ...]:
    brought = model_uploads.records() if family == YOURS else named_models.records(family)
    return (*model_cards.members(family), *brought)


def _of_architecture(found: tuple[ModelRecord, ...]) -> tuple[ModelRecord, ...]:
    names = model_cards.architectures(found)
    if st.session_state.get(_ARCHITECTURE) not in names:
        st.session_state[_ARCHITECTURE] = names[0]
    st.segmented_control(
        say("Architecture"),
        names,
        key=_ARCHITECTURE,
        required=True,
        format_func=labelled(names, model_cards.short_architecture),
    )
    chosen = st.session_state[_ARCHITECTURE]
    return tuple(described for described in found if described.architecture == chosen)


def _broken() -> None:
    """Say why each record of the owner's folder that is broken cannot be used."""
    for sentence in own_models().unusable.values():
        st.warning(plain(sentence))
