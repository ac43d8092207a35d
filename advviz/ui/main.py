"""The entry script: a router, run before every page."""

import streamlit as st

from advviz.errors import AdvvizError
from advviz.ui import figures, language, login
from advviz.ui.lessons.text import breadcrumb
from advviz.ui.navigation import sections
from advviz.ui.words import plain

st.set_page_config(page_title="advviz", page_icon=figures.icon(), layout="wide")
figures.style()
language.begin()
language.switch()
is_open = login.is_open()
page = st.navigation(sections(), position="top" if is_open else "hidden")
try:
    if is_open:
        figures.heading(page.title)
        breadcrumb(page.url_path)
        page.run()
        login.foot()
    else:
        login.ask()
except AdvvizError as error:
    st.error(plain(language.quote(str(error))))
