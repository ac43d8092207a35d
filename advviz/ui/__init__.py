"""The interface: what the pages are made of; the only place that knows Streamlit."""
