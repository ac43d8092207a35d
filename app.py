"""The app, for `streamlit run app.py` or any ASGI server; `advviz app` serves the same."""

from streamlit import App

from advviz.ui import launcher

app = App(launcher.SCRIPT, **launcher.parts())
