"""What a visitor takes home: pictures and numbers, and the set-up as link, command and code."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from advviz import pictures
from advviz.experiments import links
from advviz.experiments.links import AnySpec
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec
from advviz.models.records import record
from advviz.ui.running import Finds
from advviz.ui.words import ROW


def offer(finds: Finds, words: Mapping[str, str], specs: Sequence[AnySpec]) -> None:
    """Offer the adversarial images that a page shows, and its experiments.

    Args:
        finds: what is known of the page's experiments.
        words: of the page's link.
        specs: the experiments to give as commands and as code.
    """
    with st.expander("Take it home: pictures, numbers, link, command, Python"):
        for spec in specs:
            shown = finds.get(spec) if isinstance(spec, AttackSpec) else None
            if isinstance(spec, AttackSpec) and shown and shown.result:
                downloads(spec, shown.result, " ".join(ROW[record(spec.model).is_robust]))
        code(words, specs)


def downloads(spec: AttackSpec, result: Result, named: str) -> None:
    """Offer an adversarial image: 8-bit as PNG, exact as NPZ."""
    stem = f"advviz-{spec.image.partition(':')[2][:12]}-{spec.model}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{named}: adversarial image")
        _download(f"{stem}.png", "PNG, 8-bit", "image/png", lambda: png(result))
        _download(f"{stem}.npz", "NPZ, exact", "application/octet-stream", lambda: npz(result))


def _download(name: str, label: str, mime: str, data: Callable[[], bytes]) -> None:
    st.download_button(
        label,
        data,
        file_name=name,
        mime=mime,
        key=f"av.take.{name}",
        on_click="ignore",
        icon=":material/download:",
    )


def png(result: Result) -> bytes:
    """The adversarial image as a file that any program opens; rounded to 8 bits."""
    return pictures.png(pictures.photo(result.arrays["adversarial"]))


def npz(result: Result) -> bytes:
    """The original and the adversarial image, exactly."""
    buffer = BytesIO()
    arrays = result.arrays
    np.savez(buffer, original=arrays["original"], adversarial=arrays["adversarial"])
    return buffer.getvalue()


def code(words: Mapping[str, str], specs: Sequence[AnySpec]) -> None:
    """Show the set-up as a link, as command lines and as Python, each with a copy button."""
    address = (st.context.url or "").partition("?")[0]
    link, command, python = st.tabs(["Link", "Command line", "Python"])
    with link:
        st.code(f"{address}?{urlencode(words)}", language=None, wrap_lines=True)
        st.caption("Every choice of this page is in the link; it means the same tomorrow.")
    with command:
        st.code("\n".join(command_line(spec) for spec in specs), language="bash", wrap_lines=True)
    with python:
        st.code("\n".join(links.to_python(spec) for spec in specs), language="python")


def command_line(spec: AnySpec) -> str:
    """The command that computes a spec."""
    return shlex.join(["advviz", *links.to_flags(spec)])
