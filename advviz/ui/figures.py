"""What every page draws with: pictures, tiles, strips, as HTML; Streamlit only shows it."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from advviz import pictures
from advviz.models.model_record import RandomWeights
from advviz.models.records import ModelRecord
from advviz.ui.language import ENGLISH, language, say
from advviz.ui.words import ROW, Verdict, title_of

SIDE = 192  # CSS pixels of a picture on a board: 3 x 64
WEBP_QUALITY = 92
DRAWN = 512  # encoded pictures that are kept: a class looks at the same ones

Bytes = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True)
class Finished:
    """HTML that Streamlit takes as it is: it would look for an indent in all of the pictures."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def style() -> None:
    """Send the style sheet; it takes no room on the page."""
    st.html(_style())


@cache
def _style() -> Finished:
    sheet = Path(__file__).with_name("styles.css").read_text(encoding="utf-8")
    return Finished(f"<style>{sheet}</style>")


def heading(title: str) -> None:
    """Name the page to those who hear it: its place in the navigation names it to the eye."""
    st.html(Finished(f'<div class="av-heard"><h1>advviz</h1><h2>{escape(title)}</h2></div>'))


@cache
def icon() -> str:
    """The browser tab's icon, as the address of its data: a ring half amber, half teal."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    inside = np.hypot(x, y) < 0.95
    hole = (np.hypot(x, y) < 0.55) & (x < 0)
    colours = np.where((x < 0)[..., None], (217, 119, 6), (15, 118, 110))
    alpha = (inside & ~hole)[..., None] * 255
    ring = np.concatenate([colours, alpha], axis=2).astype(np.uint8)
    return f"data:image/png;base64,{_base64(pictures.png(ring))}"


def show(body: str) -> str:
    """Wrap HTML for the style sheet; browsers draw Chinese characters as its language does."""
    spoken = language()
    named = "" if spoken == ENGLISH else f' lang="{spoken}"'
    return f'<div class="av"{named}>{body}</div>'


def rich(text: str) -> str:
    """Escape text, and set what stands between double asterisks in bold."""
    parts = escape(text).split("**")
    return "".join(f"<b>{part}</b>" if i % 2 else part for i, part in enumerate(parts))


def picture(image: Bytes, alt: str, side: int = SIDE, smooth: bool = False) -> str:
    """A picture as PNG data: enlarged by whole pixels, or smoothly if asked for.

    Whole pixels are enlarged by the browser, as the style sheet says: what is sent stays small.
    A picture larger than a place of the board becomes a thumbnail, and a click shows it 1:1; it
    is sent as WebP, for as PNG twelve of them are two megabytes.
    """
    if image.shape[0] > SIDE:
        return _thumbnail(_webp(image.tobytes(), image.shape), alt, image.shape[0], side)
    shown = side if smooth else image.shape[0] * max(side // image.shape[0], 1)
    data = _encoded(image.tobytes(), image.shape, side if smooth else None)
    return _element(data, alt, f' width="{shown}" height="{shown}"')


@lru_cache(DRAWN)
def _encoded(levels: bytes, shape: tuple[int, ...], side: int | None) -> str:
    """Encode a picture as base64 PNG, smoothly enlarged to a side if one is given."""
    image = np.frombuffer(levels, np.uint8).reshape(shape)
    if side is not None:
        size = (side, side)
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    return _base64(pictures.png(image))


def frame(image: Bytes) -> str:
    """A picture as the address of its data, for what is played back: WebP where it is large."""
    if image.shape[0] > SIDE:
        return f"data:image/webp;base64,{_base64(_as_webp(image))}"
    return f"data:image/png;base64,{_base64(pictures.png(image))}"


@lru_cache(DRAWN // 4)  # these are large
def _webp(levels: bytes, shape: tuple[int, ...]) -> str:
    """Encode a large picture as base64 WebP."""
    return _base64(_as_webp(np.frombuffer(levels, np.uint8).reshape(shape)))


def _as_webp(image: Bytes) -> bytes:
    buffer = BytesIO()
    Image.fromarray(image).convert("RGB").save(buffer, "WEBP", quality=WEBP_QUALITY)
    return buffer.getvalue()


def _thumbnail(data: str, alt: str, size: int, side: int) -> str:
    told = say("{size} pixels; click for 1:1", size=size)
    return (
        f'<img src="data:image/webp;base64,{data}" alt="{escape(alt, quote=True)}" tabindex="0" '
        f'class="av-thumbnail" title="{escape(told, quote=True)}" width="{side}" height="{side}">'
    )


def img(png: bytes, alt: str) -> str:
    """An image element that carries its PNG file."""
    return _element(_base64(png), alt)


def _element(data: str, alt: str, size: str = "") -> str:
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt, quote=True)}"{size}>'


def _base64(png: bytes) -> str:
    return b64encode(png).decode("ascii")


@dataclass(frozen=True, slots=True)
class Tile:
    """One place of a board: a picture, or how far it has come; and what stands under it."""

    content: str
    caption: str = ""
    operator: str = ""


def waiting(words: str, share: float | None = None, preview: str = "") -> str:
    """A place whose picture is still being made."""
    bar = "" if share is None else f'<div class="av-bar"><i style="width:{share:.0%}"></i></div>'
    over = " av-over" if preview else ""
    return f'{preview}<div class="av-waiting{over}"><span>{escape(words)}</span>{bar}</div>'


def tile(tile: Tile) -> str:
    """Draw one place of a board."""
    operator = f'<span class="av-operator">{tile.operator}</span>' if tile.operator else ""
    return (
        f'<figure class="av-tile">{operator}<div class="av-frame">{tile.content}</div>'
        f"<figcaption>{rich(tile.caption)}</figcaption></figure>"
    )


def strip(record: ModelRecord, verdict: Verdict | str, detail: str = "", badge: str = "") -> str:
    """The full-width strip above a row: model, verdict, and what was measured."""
    symbol, named = mark(record), word(record)
    kind = f" av-{verdict.kind}" if isinstance(verdict, Verdict) else ""
    pieces = [
        f'<span class="av-name"><span class="av-mark">{symbol}</span> {escape(named)}</span>',
        f'<span class="av-verdict{kind}">{escape(str(verdict))}</span>',
        f'<span class="av-detail">{escape(detail)}</span>' if detail else "",
        f'<span class="av-badge">{escape(badge)}</span>' if badge else "",
    ]
    return (
        f'<div class="av-strip" title="{escape(record.title, quote=True)}">{"".join(pieces)}</div>'
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One model's row of a board."""

    record: ModelRecord
    strip: str
    tiles: Sequence[Tile]


def board(
    heads: Sequence[str], rows: Iterable[Row], captions: Sequence[str] = (), side: int = SIDE
) -> str:
    """Draw a board: heads of the columns, a strip and pictures per model, captions below."""
    head = "".join(f"<span>{rich(text)}</span>" for text in heads)
    foot = "".join(f"<p>{rich(text)}</p>" for text in captions)
    body = "".join(
        f'<section class="av-row {accent(row.record)}">{row.strip}'
        f'<div class="av-tiles">{"".join(map(tile, row.tiles))}</div></section>'
        for row in rows
    )
    return show(
        f'<div class="av-board" style="--av-columns:{len(heads)};--av-side:{side}px">'
        f'<div class="av-tiles av-heads">{head}</div>{body}'
        + (f'<div class="av-tiles av-captions">{foot}</div>' if foot else "")
        + "</div>"
    )


def accent(record: ModelRecord) -> str:
    """The style class of a model: amber and dashed, or teal and solid; grey without training."""
    if isinstance(record.origin, RandomWeights):
        return "av-untrained"
    return "av-robust" if record.is_robust else "av-standard"


def mark(record: ModelRecord) -> str:
    """The symbol of a model: of the pair's two sides, or of neither."""
    return "◌" if isinstance(record.origin, RandomWeights) else ROW[record.is_robust][0]


def word(record: ModelRecord) -> str:
    """What a row calls a model: its side of the pair that ships, or its title."""
    if isinstance(record.origin, RandomWeights):
        return say("Random weights, never trained")
    return ROW[record.is_robust][1] if record.origin is None else title_of(record)


def bars(record: ModelRecord, told: Iterable[tuple[str, float, str]]) -> str:
    """Probabilities as labelled bars: class, share, and the words for the share."""
    pieces = "".join(
        f"<span>{escape(name)}</span>"
        f'<span class="av-track {accent(record)}"><i style="width:{share:.1%}"></i></span>'
        f'<span class="av-told">{escape(words)}</span>'
        for name, share, words in told
    )
    return f'<div class="av-bars">{pieces}</div>'


def behind(summary: str, body: str) -> str:
    """What is shown on request: the numbers behind a drawing, also for who cannot see it."""
    return show(f"<details><summary>{escape(summary)}</summary>{body}</details>")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A plain table, every cell escaped."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' if cell else "<td></td>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return show(
        f'<table class="av-table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    )
