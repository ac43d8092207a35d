"""The figures of feature visualization: what each model draws, and who else sees it."""

from dataclasses import replace
from html import escape

import streamlit as st

from advviz import pictures
from advviz.experiments.codec import to_link
from advviz.experiments.protocol import Spec
from advviz.experiments.references import RESULT
from advviz.experiments.result import Result
from advviz.experiments.specs import PredictSpec, VisualizeSpec
from advviz.models.records import record
from advviz.ui import figures
from advviz.ui.figures import Tile, picture, rich, tile, waiting
from advviz.ui.language import say, term
from advviz.ui.population import recognised
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.words import ROW, numerics, reading, short

SIDE = 256  # CSS pixels: 4 x 64
PRIOR = (
    "**With a prior.** Smooth waves, natural colours and small shifts are built in: what you see "
    "comes from the prior and the network together."
)
PLAIN = (
    "**Optimised from {start} to raise {named}.** Both models, the same settings: look for what "
    "the class looks like. Not a photo, not a memory."
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
    """What is excited, in words."""
    what, _, rest = spec.unit.partition(":")
    if what == "class":
        return term(rest)
    layer, _, index = rest.rpartition(":")
    return (
        say("channel {index} of {layer}", index=index, layer=layer)
        if layer
        else say("unit {index}", index=index)
    )


def draw(setup: Setup, finds: Finds) -> str:
    """Both panels as far as they are known, with what to notice below."""
    panels = "".join(_panel(setup, spec, finds) for spec in specs(setup))
    start = say("noise") if setup.visualize.start == "noise" else say("a picture")
    told = say(PLAIN, start=start, named=named(setup.visualize))
    if setup.visualize.method == "fourier":
        told = say(PRIOR)
    caption = rich(told)
    return figures.show(
        f'<div class="av-panels" style="--av-side:{SIDE}px">{panels}</div>'
        f'<p class="av-quiet av-below">{caption}</p>'
    )


def _panel(setup: Setup, spec: VisualizeSpec, finds: Finds) -> str:
    described, shown = record(spec.model), finds[spec]
    word = ROW[described.is_robust][1]
    if shown.result is None:
        tiles = [Tile(waiting("")), Tile(shown.content, say("being drawn"))]
        strip = figures.strip(described, shown.words or say("one moment"))
        seen = ""
    else:
        arrays, smooth = shown.result.arrays, setup.view.smooth
        start = picture(pictures.photo(arrays["start"]), say("the start"), SIDE, smooth)
        alt = say("what {word} draws for {named}", word=word, named=named(spec))
        drawn = picture(pictures.photo(arrays["picture"]), alt, SIDE, smooth)
        first, last = (short(float(arrays["values"][i])).replace("-", "−") for i in (0, -1))
        rise = say("rose from {first} to {last}", first=first, last=last)
        if spec.unit.startswith("class:"):
            rise = say(
                "{score} rose from {first} to {last}",
                score=term(spec.score),
                first=first,
                last=last,
            )
        rise = " · ".join(filter(None, (rise, numerics(shown.result.facts))))
        tiles = [
            Tile(start, say("start")),
            Tile(drawn, say("its **{named}** {rise}", named=named(spec), rise=rise), "→"),
        ]
        strip = figures.strip(described, say("drew {named}", named=named(spec)))
        seen = _seen(setup, spec, shown.result, finds)
    body = "".join(map(tile, tiles))
    return (
        f'<section class="av-panel {figures.accent(described)}">{strip}'
        f'<div class="av-pair">{body}</div>{seen}</section>'
    )


def _seen(setup: Setup, spec: VisualizeSpec, result: Result, finds: Finds) -> str:
    """Who else sees it? What each model says of the finished drawing."""
    wanted = spec.unit.removeprefix("class:") if spec.unit.startswith("class:") else None
    other = setup.other(spec.model)
    viewing = finds.get(viewing_of(setup, spec))
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
    """The pair of figures that says whether one drawing is the rule."""
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
