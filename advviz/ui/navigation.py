"""The pages of the navigation, by section: script, title, icon; the first is the front page."""

from copy import copy
from functools import cache

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from advviz import resources

SECTIONS = {
    "": (  # shown without a click
        ("home.py", "Home", ":material/home:"),
        ("compare.py", "Compare", ":material/compare:"),
        ("attack.py", "Attack", ":material/target:"),
        ("saliency.py", "Saliency", ":material/grain:"),
        ("feature_visualization.py", "Feature visualization", ":material/brush:"),
        ("ladder.py", "Training-strength ladder", ":material/stairs:"),
    ),
    "Learn": (
        ("features.py", "Bugs or features?", ":material/bug_report:"),
        ("training.py", "Train a robust model", ":material/exercise:"),
    ),
    "Measure": (("evaluate.py", "Evaluate", ":material/monitoring:"),),
    "Set up": (
        ("models.py", "Models & images", ":material/network_node:"),
        ("compute.py", "Compute", ":material/memory:"),
    ),
}
PAGES = tuple(page for pages in SECTIONS.values() for page in pages)


def sections() -> dict[str, list[StreamlitPage]]:
    """The pages as Streamlit has them: copies for one run, for it marks the page that it runs."""
    return {section: [copy(page) for page in pages] for section, pages in _sections().items()}


@cache
def _sections() -> dict[str, list[StreamlitPage]]:
    return {
        section: [
            st.Page(resources.pages() / file, title=title, icon=icon, default=file == "home.py")
            for file, title, icon in pages
        ]
        for section, pages in SECTIONS.items()
    }
