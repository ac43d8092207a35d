"""The one-page report of what a page shows: computed in a drawer, taken home as a file."""

from collections.abc import Mapping

import streamlit as st

from advviz.evaluation import one_page
from advviz.experiments import links
from advviz.experiments.links import AnySpec, Lab
from advviz.ui import drawers, running
from advviz.ui.figures import rich, show
from advviz.ui.language import PARAMETER, say
from advviz.ui.running import Finds

VIEW = "show."
"""How the words of a link begin that say how it is shown."""


def drawer(words: Mapping[str, str]) -> None:
    """Offer the report of a page's experiment.

    Args:
        words: of the page's link.
    """
    label = say("One-page report: the finding, the evidence, what it does not show")
    place = drawers.opened(label, "av.report")
    if place is None:
        return
    spec = spec_of(words)
    with place:
        finds = running.show(one_page.needed(spec), st.empty(), _waiting)
        running.failures(finds)
        results = {each: shown.result for each, shown in finds.items() if shown.result is not None}
        if len(results) < len(finds):
            return
        shows = not one_page.is_private(spec) or st.checkbox(
            say("Put the folder's pictures into the report")
            if isinstance(spec, Lab)
            else say("Put my own picture into the report"),
            key="av.report.picture",
            help=say("Without this tick the picture, and what was made of it, stay out."),
        )
        address = (st.context.url or "").partition("?")[0]
        st.download_button(
            say("Save the report"),
            lambda: one_page.report(spec, results, address=address, with_picture=shows),
            file_name=f"advviz-report-{spec.kind}.html",
            mime="text/html",
            key="av.report.save",
            on_click="ignore",
            icon=":material/description:",
        )
        st.caption(
            say(
                "One HTML file that needs no network and prints on one A4 page. On a command line: "
                "`advviz report LINK --out report.html`, with the link of this page."
            )
        )


def spec_of(words: Mapping[str, str]) -> AnySpec:
    """Read the experiment of a page's link; how it is shown changes no number."""
    kept = {n: text for n, text in words.items() if n != PARAMETER and not n.startswith(VIEW)}
    return links.from_query(kept)


def _waiting(finds: Finds) -> str:
    """How far the experiments have come; nothing once all are there."""
    waiting = dict.fromkeys(shown.words for shown in finds.values() if shown.result is None)
    return show("".join(f"<p>{rich(words)}</p>" for words in waiting))
