"""What a visitor takes home: pictures and numbers, and the set-up as link, command and code."""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from advviz import pictures
from advviz.data import exact_files
from advviz.experiments import links, together
from advviz.experiments.atlas import AtlasSpec, numbered
from advviz.experiments.inversion import InvertSpec
from advviz.experiments.links import AnySpec, Group
from advviz.experiments.replay import has_steps, moving
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec, ExplainSpec, VisualizeSpec
from advviz.models.records import record
from advviz.ui import drawers, one_page
from advviz.ui.language import say
from advviz.ui.running import Finds
from advviz.ui.words import ROW

Pictured = AttackSpec | ExplainSpec | VisualizeSpec | InvertSpec
ARRAYS = {
    "attack": ("original", "adversarial"),
    "explain": ("pixels", "gradient"),
    "visualize": ("start", "picture"),
    "invert": ("wanted", "picture"),
}
"""What a result is taken home as; the last is the one that was made."""

SEVERAL = ("pictures", "importance")
"""What only some drawings have beside that: all pictures of several; what MACO asked of each
pixel."""


def offer(
    finds: Finds,
    words: Mapping[str, str],
    specs: Sequence[AnySpec],
    paper: Callable[[], bytes] | None = None,
) -> None:
    """Offer what a page shows, as files, and its experiments, as link, commands and code.

    Args:
        finds: what is known of the page's experiments.
        words: of the page's link.
        specs: the experiments to give as commands and as code.
        paper: draws the page for print, as PNG; None where there is nothing to print yet.
    """
    one_page.drawer(words)
    drawer = drawers.opened(
        say("Take it home: pictures, numbers, link, command, Python"), "av.take"
    )
    if drawer is None:
        return
    with drawer:
        for spec in specs:
            shown = None if isinstance(spec, Group) else finds.get(spec)
            if spec.kind in ARRAYS and isinstance(spec, Pictured) and shown and shown.result:
                downloads(spec, shown.result)
        whole_page(finds, words["kind"], paper)
        code(words, specs)


def layer(finds: Finds, words: Mapping[str, str], specs: Sequence[AnySpec]) -> None:
    """Offer the atlases of a layer: as sheets with numbers, as exact arrays, as link and code.

    Args:
        finds: what is known of the page's experiments.
        words: of the page's link.
        specs: the experiments to give as commands and as code.
    """
    one_page.drawer(words)
    drawer = drawers.opened(
        say("Take it home: pictures, numbers, link, command, Python"), "av.take"
    )
    if drawer is None:
        return
    with drawer:
        with st.container(horizontal=True, vertical_alignment="center"):
            for spec in specs:
                shown = finds.get(spec) if isinstance(spec, AtlasSpec) else None
                if isinstance(spec, AtlasSpec) and shown and shown.result:
                    _sheet(spec, shown.result)
        whole_page(finds, words["kind"], None)
        code(words, specs)


def _sheet(spec: AtlasSpec, result: Result) -> None:
    named = " ".join(ROW[record(spec.model).is_robust])
    download(
        f"advviz-atlas-{spec.model}-{spec.layer}.png",
        say("{named}: sheet with numbers, PNG", named=named),
        "image/png",
        lambda: pictures.png(numbered(spec, result)),
    )


def downloads(spec: Pictured, result: Result) -> None:
    """Offer a result: its picture, 8-bit, as PNG; its arrays, exact, as NPZ."""
    named = " ".join(ROW[record(spec.model).is_robust])
    what = {
        "attack": say("adversarial image"),
        "explain": say("map"),
        "visualize": say("drawing"),
        "invert": say("inversion"),
    }[spec.kind]
    origin = spec.unit if isinstance(spec, VisualizeSpec) else spec.image.partition(":")[2]
    stem = f"advviz-{spec.kind}-{re.sub('[^a-z0-9]+', '-', origin[:12].lower())}-{spec.model}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{named}: {what}")
        download(f"{stem}.png", say("PNG, 8-bit"), "image/png", lambda: png(spec, result))
        download(
            f"{stem}.npz", say("NPZ, exact"), "application/octet-stream", lambda: npz(spec, result)
        )
        if isinstance(spec, AttackSpec) and has_steps(result):
            animations(stem, spec, result)


def whole_page(finds: Finds, kind: str, paper: Callable[[], bytes] | None) -> None:
    """Offer everything that a page shows: as a sheet for print, and as exact arrays."""
    found = {spec: shown.result for spec, shown in finds.items() if shown.result is not None}
    if not found:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(say("Everything on this page"))
        if paper is not None:
            download(f"advviz-{kind}-print.png", say("PNG for print, 300 dpi"), "image/png", paper)
        download(
            f"advviz-{kind}.npz",
            say("NPZ, exact, with links"),
            "application/octet-stream",
            lambda: _npz(together.arrays(found)),
        )


def animations(stem: str, spec: AttackSpec, result: Result) -> None:
    """Offer the search as a moving picture; it is drawn when somebody takes it."""
    gif, webp = say("GIF, moving"), say("WebP, moving")
    download(f"{stem}.gif", gif, "image/gif", lambda: moving(spec, result, "gif"))
    download(f"{stem}.webp", webp, "image/webp", lambda: moving(spec, result, "webp"))


def download(name: str, label: str, mime: str, data: Callable[[], bytes], **words: Any) -> None:
    """Offer a file, which is made when somebody takes it; `words` are the button's."""
    st.download_button(
        label,
        data,
        file_name=name,
        mime=mime,
        key=f"av.take.{name}",
        on_click="ignore",
        icon=":material/download:",
        **words,
    )


def png(spec: Pictured, result: Result) -> bytes:
    """The picture that was made as a file that any program opens; a map in ink.

    An attacked picture carries its link, so that the file can be checked when it comes back.
    """
    made = result.arrays[ARRAYS[spec.kind][-1]]
    if SEVERAL[0] in result.arrays:
        shown = np.concatenate([pictures.photo(each) for each in result.arrays[SEVERAL[0]]], 1)
    else:
        shown = pictures.absolute_ink(made) if spec.kind == "explain" else pictures.photo(made)
    return pictures.png(shown, links.to_link(spec) if spec.kind == "attack" else None)


def npz(spec: Pictured, result: Result) -> bytes:
    """What the experiment started from and what it made, exactly."""
    more = [name for name in SEVERAL if name in result.arrays]
    arrays: dict[str, Any] = {name: result.arrays[name] for name in (*ARRAYS[spec.kind], *more)}
    if spec.kind == "attack":
        arrays[exact_files.LINK] = np.array(links.to_link(spec))
    return _npz(arrays)


def _npz(arrays: Mapping[str, Any]) -> bytes:
    buffer = BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def code(words: Mapping[str, str], specs: Sequence[AnySpec]) -> None:
    """Show the set-up as a link, as command lines and as Python, each with a copy button."""
    ways(words, "\n".join(map(command_line, specs)), "\n".join(map(_program, specs)))


def ways(words: Mapping[str, str], command: str, program: str) -> None:
    """Show the three ways to the same numbers: a page's link, a command, a program."""
    address = (st.context.url or "").partition("?")[0]
    link, shell, python = st.tabs([say("Link"), say("Command line"), "Python"])
    with link:
        st.code(f"{address}?{urlencode(words)}", language=None, wrap_lines=True)
        st.caption(say("Every choice of this page is in the link; it means the same tomorrow."))
    with shell:
        st.code(command, language="bash", wrap_lines=True)
    with python:
        st.code(program, language="python")


@lru_cache(512)
def _program(spec: AnySpec) -> str:
    return links.to_python(spec)


@lru_cache(512)
def command_line(spec: AnySpec) -> str:
    """The command that computes a spec."""
    return shlex.join(["advviz", *links.to_flags(spec)])
