"""The entry script: a router, run before every page."""

import streamlit as st

from advviz import resources
from advviz.errors import AdvvizError
from advviz.ui import figures
from advviz.ui.navigation import SECTIONS
from advviz.ui.words import plain

st.set_page_config(page_title="advviz", page_icon=figures.icon(), layout="wide")
figures.style()
page = st.navigation(
    {
        section: [
            st.Page(resources.pages() / file, title=title, icon=icon, default=file == "home.py")
            for file, title, icon in pages
        ]
        for section, pages in SECTIONS.items()
    },
    position="top",
)
try:
    page.run()
except AdvvizError as error:
    st.error(plain(str(error)))
