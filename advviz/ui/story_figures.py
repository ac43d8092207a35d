"""What the Story's screens are drawn with: large bars, the gallery by verdict, stop by stop."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

from advviz import pictures
from advviz.data import images
from advviz.models.records import record
from advviz.resources import assets
from advviz.ui import words
from advviz.ui.figures import accent, picture
from advviz.ui.language import say, term
from advviz.ui.population import Share

THUMBNAIL = 64
SYMBOLS = {"fooled": "✗", "astray": "◐", "held": "✓", "wrong": "–"}


@cache
def measured() -> Mapping[str, Any]:
    """What `python -m advviz.evaluation.story` measured; empty before its first run."""
    path = assets() / "figures" / "story.json"
    if not path.exists():
        return {}
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def name(model: str) -> str:
    """A model of the pair by its symbol and word."""
    return " ".join(words.ROW[record(model).is_robust])


def bar(model: str, share: Share, told: str) -> str:
    """A share as a large bar with its interval, and what it is a share of."""
    low, high = 100 * share.low, 100 * share.high
    return (
        f'<div class="av-large {accent(record(model))}">'
        f'<span class="av-name">{escape(name(model))}</span>'
        f'<span class="av-track"><i style="width:{100 * share.value:.1f}%"></i>'
        f'<u style="left:{low:.1f}%;width:{max(high - low, 0.4):.1f}%"></u></span>'
        f'<b>{share}</b><span class="av-told">{escape(told)}</span></div>'
    )


def verdicts() -> dict[str, str]:
    """What the symbols under the gallery say."""
    return {
        "fooled": say("driven to the target"),
        "astray": say("wrong otherwise"),
        "held": say("held"),
        "wrong": say("wrong before"),
    }


def gallery(model: str) -> str:
    """The gallery's pictures, those driven to their target first, each with its symbol."""
    order = list(SYMBOLS)
    found = sorted(measured()["gallery"], key=lambda entry: order.index(entry["verdicts"][model]))
    size = record(model).input_size
    tiles = []
    for entry in found:
        kind = entry["verdicts"][model]
        pixels = images.load(f"sample:{entry['picture']}", size).pixels
        alt = f"{term(entry['true_class'])} → {term(entry['target'])}: {verdicts()[kind]}"
        drawn = picture(pictures.photo(pixels), alt, THUMBNAIL)
        tiles.append(f'<span class="av-{kind}" title="{escape(alt)}">{drawn}{SYMBOLS[kind]}</span>')
    counts = " · ".join(
        f"{SYMBOLS[kind]} {count} {verdicts()[kind]}"
        for kind in order
        if (count := sum(entry["verdicts"][model] == kind for entry in found))
    )
    return (
        f'<div class="av-gallery {accent(record(model))}"><p><span class="av-name">'
        f"{escape(name(model))}</span> {escape(counts)}</p><div>{''.join(tiles)}</div></div>"
    )


def stops(models: Sequence[str]) -> str:
    """How many pictures each model is driven on, at every stop of the strength."""
    driven, n = measured()["driven"], measured()["right_for_both"]
    head = "".join(f'<th scope="col">{entry["eps"]:g}</th>' for entry in driven)
    rows = ""
    for model in models:
        cells = "".join(
            f'<td><i style="height:{100 * entry[model] / max(n, 1):.0f}%"></i>'
            f"<span>{entry[model]}</span></td>"
            for entry in driven
        )
        rows += (
            f'<tr class="{accent(record(model))}"><th scope="row" class="av-name">'
            f"{escape(name(model))}</th>{cells}</tr>"
        )
    return (
        f'<table class="av-stops"><thead><tr><th scope="col">L2</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
