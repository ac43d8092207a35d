"""The presets as cards: each opens the page that shows it, set up."""

import streamlit as st

from advviz import resources
from advviz.experiments import links
from advviz.experiments.preset_words import SENTENCES, TITLES
from advviz.experiments.presets import Chosen, offered
from advviz.ui.doors import PAGE_OF
from advviz.ui.figures import show
from advviz.ui.language import in_link, say, term
from advviz.ui.permalinks import PREFIX

COLUMNS = 3


def link(chosen: Chosen) -> dict[str, str]:
    """The words of the link that opens a preset."""
    view = {PREFIX + name: value for name, value in chosen.preset.view.items()}
    return links.to_query(chosen.spec) | view


def offer() -> None:
    """Offer every preset whose gate was passed but the one that Home shows already."""
    found = list(offered().values())[1:]
    if not found:
        return
    st.html(show(f"<p><b>{say('Prepared set-ups')}</b>: {say('each was measured')}</p>"))
    for first in range(0, len(found), COLUMNS):
        for column, chosen in zip(st.columns(COLUMNS), found[first:], strict=False):
            with column, st.container(border=True, gap="xxsmall", height="stretch"):
                _card(chosen)


def _card(chosen: Chosen) -> None:
    values = {name: term(value) for name, value in chosen.values.items()}
    st.page_link(
        resources.pages() / PAGE_OF[chosen.spec.kind],
        label=say(TITLES[chosen.id], **values),
        icon=":material/arrow_forward:",
        query_params=link(chosen) | in_link(),
    )
    st.caption(say(SENTENCES[chosen.id], **values))
