"""The pages of the navigation, by section: script, title, icon; the first is the front page."""

from copy import copy
from functools import cache

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advviz import resources
from advviz.ui.language import language, term

SECTIONS = {
    "": (  # shown without a click
        ("home.py", "Home", ":material/home:"),
        ("story.py", "Story", ":material/slideshow:"),
        ("compare.py", "Compare", ":material/compare:"),
        ("attack.py", "Attack", ":material/target:"),
        ("saliency.py", "Saliency", ":material/grain:"),
        ("feature_visualization.py", "Feature visualization", ":material/brush:"),
        ("atlas.py", "Layer atlas", ":material/grid_view:"),
        ("ladder.py", "Training-strength ladder", ":material/stairs:"),
    ),
    "Learn": (
        ("lessons.py", "Lessons", ":material/school:"),
        ("features.py", "Bugs or features?", ":material/bug_report:"),
        ("training.py", "Train a robust model", ":material/exercise:"),
    ),
    "Measure": (
        ("evaluate.py", "Evaluate", ":material/monitoring:"),
        ("explanations.py", "Explanations measured", ":material/fact_check:"),
    ),
    "Set up": (
        ("models.py", "Models & images", ":material/network_node:"),
        ("compute.py", "Compute", ":material/memory:"),
    ),
}
HIDDEN = (("present.py", "For a projector", ":material/slideshow:"),)
"""Pages that another one leads to, and the navigation does not."""
PAGES = (*(page for pages in SECTIONS.values() for page in pages), *HIDDEN)


def sections() -> dict[str, list[StreamlitPage]]:
    """The pages as Streamlit has them: copies for one run, for it marks the page that it runs."""
    found = _sections(language())
    return {section: [copy(page) for page in pages] for section, pages in found.items()}


@cache
def _sections(_language: str) -> dict[str, list[StreamlitPage]]:
    """Make the pages, whose titles are in the language that is spoken now."""
    return {
        term(section): [
            st.Page(
                resources.pages() / file,
                title=term(title),
                icon=icon,
                default=file == "home.py",
                visibility="hidden" if (file, title, icon) in HIDDEN else "visible",
            )
            for file, title, icon in (*pages, *(() if section else HIDDEN))
        ]
        for section, pages in SECTIONS.items()
    }
