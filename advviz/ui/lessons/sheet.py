"""A student's sheet: prediction, result and link on one page, to print; it needs no network."""

from functools import cache
from html import escape
from pathlib import Path

import streamlit as st

from advviz.ui.figures import rich
from advviz.ui.language import language, say
from advviz.ui.lessons import codes
from advviz.ui.lessons.place import Here
from advviz.ui.lessons.prediction import ONE, memory

_FOLDER = Path(__file__).parent
_print = st.components.v2.component(
    "advviz.sheet", js=(_FOLDER / "sheet.js").read_text(encoding="utf-8"), isolate_styles=False
)


def offer(
    here: Here, result: str, parts: tuple[str, ...] = ONE, options: tuple[str, ...] = ()
) -> None:
    """Offer the sheet; the browser puts in what was predicted, which only it knows.

    Args:
        here: where the student stands.
        result: HTML of the finished figure.
        parts: what was to be predicted, as in `prediction.ask`.
        options: to choose among; those of the experiment if none are given.
    """
    _print(
        data={
            "label": say("Print my sheet"),
            "sheet": sheet(here, result),
            "key": memory(here),
            "parts": list(parts),
            "options": list(options or here.experiment.options),
            "none": say("nothing"),
        },
        key=f"av.sheet.{here.key}",
    )


def sheet(here: Here, result: str) -> str:
    """Write the sheet, with a place for the prediction."""
    chapter, experiment, link = here.chapter, here.experiment, here.address
    title = f"{chapter.number} · {chapter.title}: {experiment.title}"
    return (
        f'<!doctype html><html lang="{language()}"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_style()}</style></head><body>"
        f"<h1>{escape(title)}</h1><p>{escape(chapter.summary)}</p>"
        f"<h2>{escape(say('The question'))}</h2><p>{escape(experiment.question)}</p>"
        f"<h2>{escape(say('My prediction'))}</h2><div id='prediction'></div>"
        f"<h2>{escape(say('The result'))}</h2><div class='result'>{result}</div>"
        f"<h2>{escape(say('What to look for'))}</h2><p>{rich(experiment.look_for)}</p>"
        f'<div class="foot"><img src="{codes.data_uri(link)}" width="110" height="110" '
        f'alt="{escape(say("QR code of the link below"), quote=True)}">'
        f"<div><p>{escape(say('The same experiment again:'))}</p><code>{escape(link)}</code></div>"
        "</div></body></html>"
    )


@cache
def _style() -> str:
    ours = (_FOLDER.parent / "styles.css").read_text(encoding="utf-8")
    return f":root {{ color-scheme: light; }} {ours} {(_FOLDER / 'sheet.css').read_text('utf-8')}"
