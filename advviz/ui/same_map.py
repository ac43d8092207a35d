"""Before and after the attack: is it still the same map? Figures beside what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from html import escape

import numpy as np
import streamlit as st

from advviz import pictures
from advviz.evaluation.alike import LIMITS, SENTENCES, ends, figure, held
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.parameters import PREDICTED
from advviz.experiments.result import Array, Result
from advviz.experiments.specs import ExplainSpec
from advviz.models.records import record
from advviz.ui import drawers, figures, running
from advviz.ui.figures import Row, Tile, picture, rich, show
from advviz.ui.language import say, term
from advviz.ui.maps import Bytes
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.words import ROW

KEY = "av.alike"
MEANING = (
    "**Rank correlation**: do both maps order the pixels alike? 1: the same order, 0: unrelated. "
    "**Signed**: the same, with the sign. **SSIM**: do the pictures look alike, window by window "
    "(7 × 7 pixels, each map scaled to its 99th percentile)? **Strongest**: which share of the "
    "strongest {share} do both have? By chance {chance}. A difference of less than 0.05 to noise "
    "is not told from it; noise, photos and seeds were tried for {name} alone."
)
TABLE_HEADS = ("rank correlation", "signed", "SSIM", "strongest {share}")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A class's maps before and after the attack and what changed, all on one scale."""

    before: Bytes
    after: Bytes
    change: Bytes


def drawer(setup: Setup) -> Finds:
    """Offer the comparison, for every model that the page shows; return what is known of it."""
    if setup.view.opened == "alike":
        st.session_state.setdefault(KEY, True)
    label = say("Before and after the attack: is it still the same map?")
    place = drawers.opened(label, KEY)
    if place is None:
        return {}
    with place:
        finds = running.show(specs(setup), st.empty(), lambda finds: draw(setup, finds))
        running.failures(finds)
    return finds


def spec_of(setup: Setup, model: str) -> AlikeSpec:
    """The comparison of a model's maps by the page's method: for the true class and the target.

    Where the page explains another class, that one stands in the place of the true one.
    """
    shown = setup.explain_on(model, setup.explain_method, "attacked")
    told = {f.name: getattr(shown, f.name) for f in fields(ExplainSpec)}
    if shown.explained in (PREDICTED, setup.target):
        told["explained"] = setup.true_class or PREDICTED
    return AlikeSpec(**told)


def specs(setup: Setup) -> tuple[AlikeSpec, ...]:
    """The comparisons of all models that the page shows."""
    return tuple(dict.fromkeys(spec_of(setup, model) for model in setup.models))


def draw(setup: Setup, finds: Finds) -> str:
    """The maps, what came out in a sentence each, and the figures."""
    rows, tables = [], []
    for model in dict.fromkeys(setup.models):
        described, shown = record(model), finds[spec_of(setup, model)]
        if shown.result is None:
            tiles = [Tile(shown.content)] + [Tile("")] * 5
            rows.append(Row(described, figures.strip(described, say("one moment")), tiles))
            continue
        strip = figures.strip(described, _in_short(shown.result))
        rows.append(Row(described, strip, _tiles(setup, model, shown.result)))
        tables.append(_told(model, spec_of(setup, model), shown.result))
    board = figures.board(_heads(), rows, _captions(setup))
    halves = show(f'<div class="av-halves">{"".join(tables)}</div>') if tables else ""
    return f'<div class="av-same">{board}{halves}{_meaning(setup, finds)}</div>'


def _heads() -> list[str]:
    three = [say("map before"), say("map after"), say("what changed")]
    return three * 2


def _captions(setup: Setup) -> list[str]:
    scale = say("All six maps of a model share one scale.")
    before = say("**Before the attack**, for the class named below it. {scale}", scale=scale)
    after = say("**After it**, for the same class: the question is the same, the picture hardly.")
    more = say("**What changed.** Red: the pixel matters more after the attack; blue: less.")
    if setup.view.draw == "signed":
        more = say("**What changed.** Red: the signed map rose; blue: it fell.")
    other = say("**The other class** of the attack: a second question about the same two pictures.")
    return [before, after, more, other, "", ""]


def drawn(maps: Array, way: str) -> tuple[Drawn, Drawn]:
    """Draw the maps of both classes, and what changed, on one scale.

    Args:
        maps: [2, 2, C, H, W]: for each class, before and after.
        way: "ink", "signed" or "rgb", as a view has it; what changed is red and blue always.
    """
    is_signed = way == "signed"
    measure, paint = (
        (pictures.signed_scale, pictures.signed)
        if is_signed
        else (pictures.ink_scale, pictures.absolute_ink)
    )
    scale = max(measure(one) for pair in maps for one in pair)
    found = []
    for before, after in maps:
        flat = [
            (one if is_signed else np.abs(one)).sum(0, keepdims=True) for one in (before, after)
        ]
        in_colours = way == "rgb" and before.shape[0] == 3
        first, second = (
            pictures.tutorial_rgb(one) if in_colours else paint(one, scale)
            for one in (before, after)
        )
        found.append(Drawn(first, second, pictures.signed(flat[1] - flat[0], scale)))
    return found[0], found[1]


def _tiles(setup: Setup, model: str, result: Result) -> list[Tile]:
    word, smooth = ROW[record(model).is_robust][1], setup.view.smooth
    tiles = []
    both = drawn(result.arrays["maps"], setup.view.draw)
    for place, (name, shown) in enumerate(zip(result.facts["classes"], both, strict=True)):
        words = {"name": term(str(name)), "word": word}
        value = figure(held(result, place).value)
        alts = (
            (
                shown.before,
                say("the map for {name} before the attack, {word}", **words),
                say("for **{name}**", name=words["name"]),
            ),
            (
                shown.after,
                say("the map for {name} after the attack, {word}", **words),
                say("rank correlation **{value}**", value=value),
            ),
            (shown.change, say("what changed for {name}, {word}", **words), ""),
        )
        tiles += [Tile(picture(image, alt, smooth=smooth), under) for image, alt, under in alts]
    tiles[3] = Tile(tiles[3].content, tiles[3].caption, "‖")
    return tiles


def _in_short(result: Result) -> str:
    """The two figures of a model in a line: before against after, for each class."""
    told = [
        f"{term(str(name))} {figure(held(result, place).value)}"
        for place, name in enumerate(result.facts["classes"])
    ]
    return say("the map before, and after: {told}", told=" · ".join(told))


def _told(model: str, spec: AlikeSpec, result: Result) -> str:
    """What came out for each class, and the figures as a table."""
    symbol, word = ROW[record(model).is_robust]
    said = []
    for place, name in enumerate(result.facts["classes"]):
        found = held(result, place)
        said.append(
            say(
                "**{symbol} {word}, {name}: {value}**, {verdict}",
                symbol=symbol,
                word=word,
                name=term(str(name)),
                value=figure(found.value),
                verdict=say(SENTENCES[found.verdict]),
            )
        )
    sentences = "".join(f"<p>{rich(one)}</p>" for one in said)
    return f"<div>{sentences}{_table(spec, result)}</div>"


def _table(spec: AlikeSpec, result: Result) -> str:
    heads = ["", *(say(measured, share=f"{spec.top_share:.0%}") for measured in TABLE_HEADS)]
    top = "".join(f'<th scope="col">{escape(head)}</th>' if head else "<td></td>" for head in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for name, cells in rows(spec, result).items()
    )
    return f'<table class="av-table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def rows(spec: AlikeSpec, result: Result) -> Mapping[str, list[str]]:
    """The figures of a model, by what was compared; what they are held against comes last."""
    first, second = (term(str(name)) for name in result.facts["classes"])
    pairs = [[figure(value) for value in row] for row in result.arrays["pairs"]]
    beside = [held(result, 0, measure) for measure in range(len(TABLE_HEADS))]
    told = {
        say("{name}: before and after", name=first): pairs[0],
        say("{name}: before and after", name=second): pairs[1],
        say("before: {first} and {second}", first=first, second=second): pairs[2],
        say("after: {first} and {second}", first=first, second=second): pairs[3],
    }
    if "seeds" in result.arrays:
        told[say("held against: two seeds")] = [figure(one.seeds) for one in beside]
    photos = len(result.facts["photos"])
    return told | {
        say("noise of the attack's size ({n})", n=spec.beside): [ends(o.noisy) for o in beside],
        say("maps of other photos ({n})", n=photos): [ends(o.photos) for o in beside],
        say("random maps, same values and spectrum ({n})", n=spec.random_maps): [
            ends(one.random) for one in beside
        ],
    }


def _meaning(setup: Setup, finds: Finds) -> str:
    """What the figures are and cannot tell; nothing while none is known."""
    for spec in specs(setup):
        result = finds[spec].result
        if result is not None:
            chance = f"{result.facts['chance_overlap']:.2f}"
            words = say(
                MEANING,
                share=f"{spec.top_share:.0%}",
                chance=chance,
                name=term(str(result.facts["classes"][0])),
            )
            both = f"{words} **{say(LIMITS)}**"
            return show(f'<p class="av-quiet av-reach">{rich(both)}</p>')
    return ""
