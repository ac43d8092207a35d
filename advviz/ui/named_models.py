"""Models that have no card until somebody asks for them by their library's own name."""

import streamlit as st

from advviz.compute.fetching import checker
from advviz.models import shelf
from advviz.models.by_name import named
from advviz.models.model_record import ModelRecord
from advviz.ui import arrivals, state
from advviz.ui.language import say

_ASKED, _LOOKED, _NAME = "av.models.asked", "av.models.looked", "av.models.name"
KEPT = 16  # of a session


def records(family: str) -> tuple[ModelRecord, ...]:
    """List those of a family that this session has asked for, and those that are here."""
    asked: dict[str, ModelRecord] = st.session_state.get(_ASKED, {})
    here = (_described(name) for name in shelf.named_here() if name not in asked)
    found = [*asked.values(), *(described for described in here if described is not None)]
    return tuple(described for described in found if described.family == family)


def _described(name: str) -> ModelRecord | None:
    """Return the record of a name; None until it has been made, in the background."""
    key = f"here:{name}"
    fetch = checker().look(key)
    if fetch is None:
        checker().start(key, lambda _report: named(name), state.session())
    return fetch.result if fetch is not None else None


def ask() -> str | None:
    """Offer to ask for a model by name; return the id of one that was found, once."""
    st.text_input(
        say("Name"),
        key=_NAME,
        placeholder=say("torchvision:resnet34 or timm:resnet18.a1_in1k"),
        max_chars=80,
        on_change=_look,
        help=say(
            "torchvision:NAME is its best weights, torchvision:NAME:IMAGENET1K_V1 older ones; "
            "timm:NAME.TAG needs the extra advviz[timm]."
        ),
    )
    st.caption(
        say(
            "Any classifier of ImageNet's 1000 classes that torchvision or timm has weights of. "
            "Nothing is downloaded before you say so on its card."
        )
    )
    described = arrivals.arrived(
        _LOOKED, say("The name is being looked up."), say("nothing was changed")
    )
    if described is None:
        return None
    asked = st.session_state.get(_ASKED, {}) | {described.id: described}
    st.session_state[_ASKED] = dict(list(asked.items())[-KEPT:])
    return str(described.id)


def _look() -> None:
    name = str(st.session_state[_NAME]).strip()
    if name:
        arrivals.start(_LOOKED, f"{state.session()}:name:{name}", lambda: named(name))
