"""Weights that a visitor brings: a safetensors file for an architecture that is known."""

import hashlib
from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from advviz.errors import AdvvizError
from advviz.models import uploaded
from advviz.models.model_record import ModelRecord
from advviz.models.model_record import UploadedFile as Origin
from advviz.models.records import catalogue, record
from advviz.ui import arrivals, own_pictures, state
from advviz.ui.language import of_widget, say
from advviz.ui.model_cards import short_architecture

KEPT = uploaded.NUMBER
_MODELS, _CHECKED, _ROUND, _LIKE = (
    "av.models",
    "av.models.check",
    "av.models.round",
    "av.models.like",
)
_FILE = "av.models.file"


def records() -> tuple[ModelRecord, ...]:
    """List the models that this session has brought and that are still here."""
    found = []
    for model in st.session_state.get(_MODELS, ()):
        try:
            found.append(record(model))
        except AdvvizError:
            continue
    return tuple(found)


def kinds() -> dict[str, ModelRecord]:
    """List what an upload may be like: a model of each architecture, vocabulary and size."""
    found: dict[str, ModelRecord] = {}
    for described in catalogue().values():
        if isinstance(described.weights_origin, Origin):
            continue
        name = say(
            "{architecture} · {n} classes ({vocabulary}) · {size} pixels",
            architecture=short_architecture(described.architecture),
            n=len(described.classes),
            vocabulary=described.vocabulary,
            size=described.input_size,
        )
        found.setdefault(name, described)
    return found


def bring() -> str | None:
    """Offer to bring a file; return the id of a model that has just come, once."""
    found = kinds()
    like = st.selectbox(
        say("The network is like"),
        list(found),
        key=of_widget(_LIKE),
        help=say(
            "Architecture, classes in the order of the logits, picture size and normalization: a "
            "file of weights says nothing of them. For others, put a record beside the file."
        ),
    )
    # A new widget after every use: it is empty, and the server lets the file go.
    widget = f"{_FILE}.{st.session_state.get(_ROUND, 0)}"
    st.file_uploader(
        say("A safetensors file, up to {limit} MiB", limit=uploaded.LIMIT // 2**20),
        type=["safetensors"],
        key=widget,
        max_upload_size=uploaded.LIMIT // 2**20,
        on_change=_take,
        args=(widget, found[like]),
    )
    st.caption(
        say(
            "The file is checked name by name and never run. It stays in this server's memory "
            "for a while, the last {kept} of all visitors; only who has its link can use it.",
            kept=KEPT,
        )
    )
    return _arrived()


def _take(widget: str, like: ModelRecord) -> None:
    file: UploadedFile | None = st.session_state[widget]
    if file is None:
        return
    start(file.getvalue(), like)
    own_pictures.let_go([file])
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def start(data: bytes, like: ModelRecord) -> None:
    """Have an upload checked in the background."""
    key = f"{state.session()}:{hashlib.sha256(data).hexdigest()}:{like.id}"
    arrivals.start(_CHECKED, key, lambda: uploaded.uploads().keep(data, like))


def _arrived() -> str | None:
    found = arrivals.arrived(
        _CHECKED, say("The file is here and is being checked."), say("nothing was kept")
    )
    if found is None:
        return None
    model = str(found.id)
    remember([model])
    return model


def remember(models: Sequence[str]) -> None:
    """Have models of the shelf stand among those that this session has brought."""
    kept = [name for name in st.session_state.get(_MODELS, ()) if name not in models]
    st.session_state[_MODELS] = [*kept, *dict.fromkeys(models)][-2 * KEPT :]
