"""The entry script: a router, run before every page."""

import streamlit as st

from advviz.errors import AdvvizError
from advviz.ui import figures, language
from advviz.ui.navigation import sections
from advviz.ui.words import plain

st.set_page_config(page_title="advviz", page_icon=figures.icon(), layout="wide")
figures.style()
language.begin()
language.switch()
page = st.navigation(sections(), position="top")
try:
    page.run()
except AdvvizError as error:
    st.error(plain(language.quote(str(error))))
