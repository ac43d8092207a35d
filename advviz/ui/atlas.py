"""The atlas of a layer: all units of both models as two sheets to look around in."""

from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from advviz.experiments import links
from advviz.experiments.atlas import (
    PACKED,
    SHOWN_LEVELS,
    AtlasSpec,
    levels_of,
    sheet_file,
)
from advviz.experiments.responses import ResponsesSpec, in_chain, never_active, strongest
from advviz.experiments.result import Result
from advviz.models.records import record
from advviz.pictures.tiles import COLUMNS
from advviz.ui import figures, state, words
from advviz.ui.atlas_controls import chosen_name
from advviz.ui.figures import Tile, rich, tile
from advviz.ui.language import in_link, say, term
from advviz.ui.running import Finds
from advviz.ui.setup import Setup

KEY = "av.atlas"
ORDERED = {
    "number": "by number",
    "response": "by strongest response",
    "likeness": "by likeness",
}
PLAIN = (
    "**The favourite picture of every unit of {layer}.** Optimised from the same noise by plain "
    "ascent, {steps} steps, for both models alike. Notice in which model a stranger could name "
    "edges, eyes, wheels, and in which the tiles stay grain. What an atlas cannot tell: a tile is "
    "one of many pictures that excite its unit, and what excites it most need not be what it "
    "answers to in photos: see the crops below. Equal numbers in the two models mean nothing."
)
PRIOR = (
    "**The favourite picture of every unit of {layer}, with a prior.** Optimised over smooth waves "
    "with natural colours, {steps} steps: what you see comes from the prior and the network "
    "together. Notice what differs between the models although the prior is the same. What an "
    "atlas cannot tell: a tile is one of many pictures that excite its unit. Equal numbers in the "
    "two models mean nothing."
)
TILE = "Each tile is a picture that excites one unit of the layer, drawn from noise by both models."
SILENT = "Never active on the sample pictures, and crossed out: {count} units of {model}."
_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "advviz.atlas",
    js=(_HERE / "atlas.js").read_text(encoding="utf-8"),
    css=(_HERE / "atlas.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def models(setup: Setup) -> tuple[str, ...]:
    """The models whose units are shown, the standard one first."""
    return tuple(dict.fromkeys((setup.board.standard, setup.board.robust)))


def specs(setup: Setup) -> tuple[AtlasSpec, ...]:
    """The atlas of the same layer of both models."""
    return tuple(setup.atlas(model) for model in models(setup))


def looks(setup: Setup) -> tuple[ResponsesSpec, ...]:
    """What both models answer to the sample pictures."""
    return tuple(setup.responses(model) for model in models(setup))


def forming(setup: Setup, finds: Finds) -> str:
    """How far the atlases have come; once all are there, what they are."""
    missing = [spec for spec in specs(setup) if finds[spec].result is None]
    if not missing:
        return figures.show(f'<p class="av-quiet">{rich(say(TILE))}</p>')
    panels = "".join(_panel(spec, finds) for spec in missing)
    return figures.show(f'<div class="av-panels" style="--av-side:160px">{panels}</div>')


def _panel(spec: AtlasSpec, finds: Finds) -> str:
    described, shown = record(spec.model), finds[spec]
    waits = tile(Tile(shown.content, say("the unit that is being drawn")))
    return (
        f'<section class="av-panel {figures.accent(described)}">'
        f"{figures.strip(described, shown.words or say('one moment'))}{waits}</section>"
    )


def draw(setup: Setup, finds: Finds) -> None:
    """Show the sheets that are there, side by side."""
    sheets = [
        told(setup, spec, result, _of(finds, setup.responses(spec.model)))
        for spec in specs(setup)
        if (result := _of(finds, spec)) is not None
    ]
    if sheets:
        _component(data={"sheets": sheets, "words": _words()}, key=KEY, on_chosen_change=_choose)
        st.html(_marks(setup) + caption(setup, finds))


def _of(finds: Finds, spec: AtlasSpec | ResponsesSpec) -> Result | None:
    shown = finds.get(spec)
    return None if shown is None else shown.result


def told(setup: Setup, spec: AtlasSpec, result: Result, answers: Result | None) -> dict[str, Any]:
    """What the component is told of one atlas: the sheet as a file, and every unit in its order.

    Args:
        setup: of the page.
        spec: the atlas.
        result: of it.
        answers: what the units answer to sample pictures; None while that is not known.
    """
    described, count = record(spec.model), len(result.arrays["values"])
    numbers = order(setup.view.order, count, answers)
    silent = np.zeros(count, bool) if answers is None else never_active(answers)[:count]
    largest = None if answers is None else strongest(answers)
    units = [
        {
            "unit": unit,
            "silent": bool(silent[unit]),
            "name": _name(unit, None if largest is None else float(largest[unit]), silent[unit]),
        }
        for unit in numbers
    ]
    other = next((model for model in models(setup) if model != spec.model), spec.model)
    title = words.model_name(described, record(other))
    sorted_by = term(ORDERED[setup.view.order])
    return {
        "model": chosen_name(setup, spec.model),
        "accent": figures.accent(described),
        "title": title,
        "alt": say(
            "Atlas of {layer}, {title}: the favourite pictures of {count} units, {sorted_by}",
            layer=result.facts["layer"], title=title, count=count, sorted_by=sorted_by,
        ),
        "sheet": "data:image/webp;base64," + b64encode(sheet_file(result)).decode("ascii"),
        "columns": min(count, COLUMNS),
        "side": int(result.facts["side"]),
        "units": units,
        "links": [_link(spec, unit) for unit in range(count)],
    }  # fmt: skip


def order(by: str, count: int, answers: Result | None) -> list[int]:
    """Order the units of an atlas: by number, while nothing else is known of them."""
    if answers is None or by == "number":
        return list(range(count))
    if by == "likeness":
        return [int(unit) for unit in in_chain(answers) if unit < count]
    return [int(unit) for unit in np.argsort(-strongest(answers)[:count], kind="stable")]


def _name(unit: int, largest: float | None, is_silent: bool) -> str:
    if largest is None:
        return say("unit {index}", index=unit)
    if is_silent:
        return say("unit {index}, never active on the sample pictures", index=unit)
    return say("unit {index}, strongest response {value}", index=unit, value=words.short(largest))


def _link(spec: AtlasSpec, unit: int) -> str:
    """Lead to the page that draws this unit alone, with the same settings."""
    query = links.to_query(spec.drawing(unit, record(spec.model)))
    return f"feature_visualization?{urlencode(query | in_link())}"


def _words() -> dict[str, str]:
    return {
        "smaller": say("Zoom out"),
        "larger": say("Zoom in"),
        "whole": say("Whole sheet"),
        "keys": say(
            "Click a tile, or go to it with the arrow keys and press Enter: its crops are shown "
            "below. + and − zoom, dragging moves the sheet. Each tile is also a link to its own "
            "drawing: open it in a new tab."
        ),
    }


def _choose() -> None:
    """Look closely at the unit that was clicked; what a browser sends is not believed."""
    model, _, unit = str(st.session_state[KEY].chosen).partition(":")
    if model in ("unit_standard", "unit_robust") and unit.isdecimal():
        state.change(lambda setup: setup.with_view(**{model: int(unit)}))


def _marks(setup: Setup) -> str:
    """Mark the tiles that are looked at by a style, so that no sheet is sent again for it."""
    view = setup.view
    chosen = {"unit_standard": view.unit_standard, "unit_robust": view.unit_robust}
    tiles = ",".join(
        f'.av-at-tile[data-of="{model}"][data-unit="{unit}"]' for model, unit in chosen.items()
    )
    return (
        f"<style>{tiles}{{outline:3px solid var(--av-ink);outline-offset:-1px;z-index:2}}</style>"
    )


def caption(setup: Setup, finds: Finds) -> str:
    """What to notice, what an atlas cannot tell, and how these were made."""
    first = setup.atlas(setup.board.robust)
    known = [result for spec in specs(setup) if (result := _of(finds, spec)) is not None]
    layer = known[0].facts["layer"]
    text = say(PLAIN, layer=layer, steps=first.steps)
    if first.method == "fourier":
        text = say(PRIOR, layer=layer, steps=first.steps)
    made = " ".join(_made(known, finds, setup))
    return figures.show(f'<p class="av-quiet av-below">{rich(text)} {rich(made)}</p>')


def _made(known: list[Result], finds: Finds, setup: Setup) -> list[str]:
    said = []
    if any(PACKED in result.arrays for result in known):
        levels = min(levels_of(result) for result in known)
        said.append(
            say(
                "These atlases ship with advviz, their tiles rounded to {levels} levels a colour "
                "(activations are of the exact ones); Recompute, under Advanced, makes them "
                "exactly.",
                levels=levels,
            )
        )
    else:
        said.append(
            say(
                "The sheet is shown in {levels} levels a colour; the pictures below and the NPZ "
                "are exact.",
                levels=SHOWN_LEVELS,
            )
        )
    numerics = {told for result in known if (told := words.numerics(result.facts))}
    said += [f"{told[0].upper()}{told[1:]}." for told in sorted(numerics)]
    for result in known:
        shown, width = len(result.arrays["values"]), result.facts["width"]
        if shown < width:
            said.append(say("Shown: {shown} of {width} units.", shown=shown, width=width))
    for spec in looks(setup):
        answers = _of(finds, spec)
        silent = 0 if answers is None else int(never_active(answers).sum())
        if silent:
            named = term(record(spec.model).title)
            said.append(say(SILENT, count=silent, model=named))
    return list(dict.fromkeys(said))
