"""Which two models stand beside each other, and choosing them."""

import streamlit as st

from advviz import resources
from advviz.models import ladders, shelf
from advviz.models.records import ModelRecord, catalogue, record
from advviz.ui import model_uploads, state
from advviz.ui.language import labelled, of_widget, say, term
from advviz.ui.setup import Setup, comparable
from advviz.ui.words import ROW, plain, title_of

_PARTNER = "av.pair.partner"


def partners(described: ModelRecord) -> tuple[ModelRecord, ...]:
    """List the models here that see the same pixels and know the same classes.

    Those of the same recipe come first, the most different in training leading.
    """
    known = (*catalogue().values(), *model_uploads.records())
    found = [
        other
        for other in known
        if other.id != described.id and shelf.is_on_disk(other) and comparable(described, other)
    ]
    found.sort(key=lambda other: _distance(described, other))
    return tuple(found)


def _distance(one: ModelRecord, other: ModelRecord) -> tuple[bool, bool, float]:
    apart = abs(one.training_eps - other.training_eps)
    return not same_recipe(one, other), one.is_robust == other.is_robust, -apart


def same_recipe(one: ModelRecord, other: ModelRecord) -> bool:
    """Say whether two models are known to differ in nothing but their training attack."""
    return any(
        {one.id, other.id} <= {rung.id for rung in rungs} for rungs in ladders.ladders().values()
    )


def ordered(one: ModelRecord, other: ModelRecord) -> tuple[ModelRecord, ModelRecord]:
    """Put two models into the rows of the board: the less robust one above."""
    first, second = sorted((one, other), key=lambda r: (r.is_robust, r.training_eps))
    return first, second


def offer(setup: Setup, described: ModelRecord) -> None:
    """Offer to show a model on all pages, beside another one."""
    if not shelf.is_on_disk(described):
        return
    found = partners(described)
    if not found:
        st.caption(
            say(
                "To compare it, a second model that knows the same classes at the same size must "
                "be on this machine; there is none yet."
            )
        )
        return
    by_id = {other.id: other for other in found}
    key = of_widget(
        f"{_PARTNER}.{described.id}"
    )  # a widget of each card's own: a browser keeps what it shows
    if st.session_state.get(key) not in by_id:
        st.session_state[key] = found[0].id
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        partner = by_id[
            st.selectbox(
                say("Compare with"),
                list(by_id),
                key=key,
                format_func=labelled(by_id, lambda name: _option(described, by_id[name])),
                help=say("Models that are here, see the same pixels and know the same classes."),
            )
        ]
    pair = ordered(described, partner)
    ids = tuple(model.id for model in pair)
    with right:
        st.button(
            say("Use this pair"),
            key="av.pair.use",
            type="primary",
            width="stretch",
            on_click=use,
            args=ids,
            disabled=ids == (setup.board.standard, setup.board.robust),
        )
    if not same_recipe(*pair):
        st.caption(
            say("These two are not known to be of one recipe: more than the attack differs.")
        )


def use(standard: str, robust: str) -> None:
    """Have all pages show two models, and say what that changed."""
    before = state.get().board.target
    state.change(lambda setup: setup.with_pair(standard, robust).with_view(rows="both"))
    after = state.get()
    if (after.board.standard, after.board.robust) != (standard, robust):
        return  # refused, and said so
    changed = after.board.target != before
    target = (
        say(
            " They do not know the target {before}; it is {target} now.",
            before=term(before),
            target=term(after.target or ""),
        )
        if changed
        else ""
    )
    st.session_state["av.pair.used"] = say("All pages show this pair now.{target}", target=target)


def told() -> None:
    """Say once that a pair was chosen, with the way to where it is seen."""
    words = st.session_state.pop("av.pair.used", None)
    if words:
        st.success(plain(words))
        st.page_link(
            resources.pages() / "compare.py", label=say("Compare them"), icon=":material/compare:"
        )


def in_use(setup: Setup) -> str:
    """Say which pair the pages show."""
    names = []
    for model in (setup.board.standard, setup.board.robust):
        described = record(model)
        names.append(f"**{ROW[described.is_robust][0]} {title_of(described)}**")
    return say(" and ").join(names)


def _option(described: ModelRecord, other: ModelRecord) -> str:
    recipe = "" if same_recipe(described, other) else say(" · another recipe")
    return f"{ROW[other.is_robust][0]} {title_of(other)}{recipe}"
