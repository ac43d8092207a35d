"""Where the files that are not code lie, in a checkout and in an installed wheel."""

from pathlib import Path

from advviz.errors import AdvvizError

PACKAGE = Path(__file__).resolve().parent


def assets() -> Path:
    """Find the folder of the bundled models and shipped results."""
    return _folder("assets")


def pages() -> Path:
    """Find the folder of the app's page scripts."""
    return _folder("pages")


def entry_script() -> Path:
    """Name the script that Streamlit runs, without importing the interface.

    It must not lie beside the folder of the pages: Streamlit would take that folder for its
    older way of making pages, and the first link into a page would go astray.
    """
    return PACKAGE / "ui" / "main.py"


def _folder(name: str) -> Path:
    # A wheel carries the folder inside the package, a checkout beside it.
    for parent in (PACKAGE, PACKAGE.parent):
        if (parent / name).is_dir():
            return parent / name
    raise AdvvizError(
        f"the folder {name} of advviz is missing from {PACKAGE} and from {PACKAGE.parent}; "
        "install advviz again"
    )
