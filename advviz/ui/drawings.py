"""The figures of feature visualization: what each model draws, and who else sees it."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from advviz import pictures
from advviz.errors import AdvvizError
from advviz.experiments import units
from advviz.experiments.codec import to_link
from advviz.experiments.drawing import ASCENT, FOURIER, MACO
from advviz.experiments.links import Drawing
from advviz.experiments.protocol import Spec
from advviz.experiments.references import RESULT
from advviz.experiments.result import Result
from advviz.experiments.specs import PredictSpec, VisualizeSpec
from advviz.models.records import record
from advviz.ui import figures
from advviz.ui.figures import Tile, picture, rich, tile, waiting
from advviz.ui.language import say, term
from advviz.ui.picture_choice import title
from advviz.ui.population import recognised
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.words import ROW, numerics, reading, short

SIDE = 256  # CSS pixels: 4 x 64
SMALL, SMALLER = 128, 96
FOUR = 4
PRIOR = (
    "**With a prior.** Smooth waves, natural colours and small shifts are built in: what you see "
    "comes from the prior and the network together."
)
PLAIN = (
    "**Optimised from {start} to raise {named}.** Both models, the same settings: look for what "
    "the class looks like. Not a photo, not a memory."
)
SUM = (
    "**What it is:** a picture optimised from {start} to raise {named}. **Notice:** what is there "
    "in neither term alone, and what a minus takes away. **It cannot tell you** that the network "
    "adds its features up like this in a photo: it was asked about a picture made for the sum."
)
PHASES = (
    "**What it is:** how strong each frequency is stays as in photos; only where things are was "
    "searched, by what the network says of crops (MACO). **Notice:** the right picture keeps what "
    "the search cared for; the same texture lies everywhere else. **It cannot tell you** what the "
    "network alone prefers: photo statistics and crops are a strong prior, more than Fourier's."
)
DRAWN = (
    "**What it is:** the picture on the left, changed step by step to raise {named}, within a "
    "ball around it; outside of a region every pixel stays as it is. **Notice:** does the change "
    "finish what the strokes began, or only scatter texture over them? **It cannot tell you** "
    "that the network knows how to draw: it only says which way its score rises."
)
APART = (
    "Of several pictures each starts from noise of its own, and they are pushed apart: what all of "
    "them share, the goal asks for; what one alone has, it merely allows."
)


def models(setup: Setup) -> tuple[str, str]:
    """The models that draw, the standard one first."""
    return setup.board.standard, setup.board.robust


def specs(setup: Setup) -> tuple[VisualizeSpec, ...]:
    """The same drawing by both models."""
    return tuple(replace(setup.visualize, model=model) for model in models(setup))


def viewings(setup: Setup, finds: Finds) -> tuple[Spec, ...]:
    """What the other model says of each finished drawing."""
    return tuple(
        viewing_of(setup, spec)
        for spec in specs(setup)
        if (shown := finds.get(spec)) and shown.result is not None
    )


def viewing_of(setup: Setup, spec: VisualizeSpec) -> PredictSpec:
    """What the other model says of a drawing."""
    return PredictSpec(model=setup.other(spec.model), image=RESULT + to_link(spec))


def named(spec: VisualizeSpec) -> str:
    """What is excited, in words; a sum as it was written, with the names of its terms."""
    try:
        found = units.terms(spec.unit)
    except AdvvizError:
        return spec.unit
    pieces = []
    for place, each in enumerate(found):
        sign = ("" if place == 0 else " + ") if each.weight > 0 else " − "
        size = "" if abs(each.weight) == 1 else f"{abs(each.weight):g} "
        pieces.append(f"{sign}{size}{_term(each)}")
    return "".join(pieces).strip()


def _term(each: units.Term) -> str:
    if each.what == "class":
        return term(each.name)
    if each.what == "unit":
        return say("unit {index}", index=each.name)
    if each.what == "channel":
        index = each.name.rpartition(":")[2]
        return say("channel {index} of {layer}", index=index, layer=each.layer)
    vector = each.vector if each.picture is None else title(each.picture)
    if each.what == "dot":
        return say("along {vector} in {layer}", vector=vector, layer=each.layer)
    return say("cosine to {vector} in {layer}", vector=vector, layer=each.layer)


def draw(setup: Setup, finds: Finds) -> str:
    """Both panels as far as they are known, with what to notice below."""
    panels = "".join(_panel(setup, spec, finds) for spec in specs(setup))
    start = say("noise") if setup.visualize.start == "noise" else say("a picture")
    told = _caption(setup, start)
    caption = rich(told)
    return figures.show(
        f'<div class="av-panels" style="--av-side:{SIDE}px">{panels}</div>'
        f'<p class="av-quiet av-below">{caption}</p>'
    )


def _caption(setup: Setup, start: str) -> str:
    """What it is, what to notice, what it cannot tell."""
    spec = setup.visualize
    if setup.view.drawing == "draw" and spec.starts_from_image:
        told = say(DRAWN, named=named(spec))
    elif spec.method == MACO:
        told = say(PHASES)
    elif spec.method == FOURIER:
        told = say(PRIOR)
    elif units.is_sum(spec.unit):
        told = say(SUM, start=start, named=named(spec))
    else:
        told = say(PLAIN, start=start, named=named(spec))
    return told + (" " + say(APART) if spec.pictures > 1 else "")


def _panel(setup: Setup, spec: VisualizeSpec, finds: Finds) -> str:
    described, shown = record(spec.model), finds[spec]
    if shown.result is None:
        tiles = (Tile(waiting("")), Tile(shown.content, say("being drawn")))
        strip = figures.strip(described, shown.words or say("one moment"))
        body, seen = _pair(tiles), ""
    else:
        several = spec.pictures > 1
        body = _several(spec, shown.result) if several else _one(setup, spec, shown.result)
        strip = figures.strip(described, say("drew {named}", named=named(spec)))
        seen = seen_by(setup, spec, shown.result, finds, spec.drawn_class)
    return f'<section class="av-panel {figures.accent(described)}">{strip}{body}{seen}</section>'


def _pair(tiles: Sequence[Tile]) -> str:
    return f'<div class="av-pair">{"".join(map(tile, tiles))}</div>'


def _one(setup: Setup, spec: VisualizeSpec, result: Result) -> str:
    """The start and the drawing; of MACO, what the search asked of each pixel in its place."""
    arrays, smooth = result.arrays, setup.view.smooth
    alt = say("what {word} draws for {named}", word=_word(spec), named=named(spec))
    drawn = picture(pictures.photo(arrays["picture"]), alt, SIDE, smooth)
    told = say("its **{named}** {rise}", named=named(spec), rise=_rise(spec, result))
    if "importance" in arrays:
        faded = pictures.faded(arrays["picture"], arrays["importance"])
        alt = say("the same drawing, faded where the search asked little of it")
        clear = picture(faded, alt, SIDE, smooth)
        return _pair((Tile(drawn, told), Tile(clear, say("faded where it matters little"))))
    start = picture(pictures.photo(arrays["start"]), say("the start"), SIDE, smooth)
    return _pair((Tile(start, say("start")), Tile(drawn, told, "→")))


def _word(spec: VisualizeSpec) -> str:
    return ROW[record(spec.model).is_robust][1]


def _rise(spec: VisualizeSpec, result: Result) -> str:
    values = result.arrays["values"]
    first, last = (short(float(values[i])).replace("-", "−") for i in (0, -1))
    rise = say("rose from {first} to {last}", first=first, last=last)
    if spec.drawn_class is not None:
        score = term(spec.score)
        rise = say("{score} rose from {first} to {last}", score=score, first=first, last=last)
    return " · ".join(filter(None, (rise, numerics(result.facts))))


def _several(spec: VisualizeSpec, result: Result) -> str:
    """All pictures, each with what its maker says of it; and how alike they are."""
    classes, facts = record(spec.model).classes, result.facts
    shown = [
        (pictures.photo(each), str(reading(logits, classes)))
        for each, logits in zip(
            result.arrays["pictures"], result.arrays["pictures_logits"], strict=True
        )
    ]
    told = say(
        "How alike they are in {layer}: {alike:.2f}, at first {first:.2f} (mean cosine of Gram "
        "matrices; 1: the same)",
        layer=facts["apart_at"],
        alike=facts["alike"],
        first=facts["alike_at_first"],
    )
    return f'{wall(shown)}<p class="av-quiet">{rich(told)}</p>'


def wall(of: Sequence[tuple[Any, str]]) -> str:
    """Small pictures side by side, uint8 [S, S, 3], each with its words."""
    side = SMALL if len(of) <= FOUR else SMALLER  # five fit beside each other
    tiles = "".join(tile(Tile(picture(each, told, side), told)) for each, told in of)
    return f'<div class="av-wall" style="--av-side:{side}px">{tiles}</div>'


def seen_by(setup: Setup, spec: Drawing, result: Result, finds: Finds, wanted: str | None) -> str:
    """Who else sees it? What each model says of the finished drawing; of several, the first."""
    other = setup.other(spec.model)
    asked = PredictSpec(model=other, image=RESULT + to_link(spec))
    viewing = finds.get(asked)
    lines = [_says(spec.model, result, wanted, say("says of its own drawing"))]
    if viewing is None or viewing.result is None:
        lines.append(f"<p>{escape(viewing.words if viewing else say('next'))}</p>")
    else:
        lines.append(_says(other, viewing.result, wanted, say("says of it")))
    head = f"<p><b>{rich(say('Who else sees it?'))}</b></p>"
    return f'<div class="av-seen">{head}{"".join(lines)}</div>'


def _says(model: str, result: Result, wanted: str | None, words: str) -> str:
    described = record(model)
    symbol, word = ROW[described.is_robust]
    said = reading(result.arrays["logits"], described.classes)
    judged = (
        ""
        if wanted is None
        else (say(" ✓ sees it") if said.label == wanted else say(" ✗ does not"))
    )
    return (
        f'<p class="{figures.accent(described)}"><span class="av-name">{symbol} {word}</span> '
        f"{words} <b>{escape(str(said))}</b>{judged}</p>"
    )


def population(setup: Setup) -> None:
    """The pair of figures that says whether one drawing is the rule; of plain ascent alone."""
    if setup.visualize.method != ASCENT:
        return
    standard, robust = models(setup)
    score = setup.visualize.score
    painted = recognised(robust, standard, score)
    noise = recognised(standard, robust, score)
    if painted is None or noise is None:
        return
    by_robust = say(
        "of what the **● robust** model draws from noise by {score}, over all classes, the "
        "standard model puts into its class",
        score=term(score),
    )
    by_standard = say(
        "of what the **○ standard** model draws, the robust model puts into its class"
    )
    st.html(
        figures.show(
            '<div class="av-figures">'
            f'<div class="av-robust"><p class="av-big">{painted}</p><p>{rich(by_robust)} '
            f"<small>({painted.basis})</small></p></div>"
            f'<div class="av-standard"><p class="av-big">{noise}</p><p>{rich(by_standard)} '
            f"<small>({noise.basis})</small></p></div></div>"
        )
    )
