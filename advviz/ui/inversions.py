"""The figures of inversion: the given picture, what each model draws with its features, a strip."""

from dataclasses import replace

from advviz import pictures
from advviz.experiments.codec import to_link
from advviz.experiments.inversion import InvertSpec
from advviz.experiments.protocol import Spec
from advviz.experiments.references import RESULT
from advviz.experiments.result import Array, Result
from advviz.experiments.specs import PredictSpec
from advviz.models.records import record
from advviz.ui import figures
from advviz.ui.drawings import SIDE, models, seen_by, wall
from advviz.ui.figures import Tile, picture, rich, tile
from advviz.ui.language import say
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.words import ROW, reading

ONE = (
    "**What it is:** another picture, searched from {start}, for which {layer} puts out nearly the "
    "same numbers as for the given one. **Notice:** does the drawing look like the given picture? "
    "Where it does, those numbers hold what you see in it; where it does not, two pictures that "
    "you would never mix up are the same to the network. **It cannot tell you** what else has "
    "these features: one search finds one of very many pictures."
)
STRIP = (
    "**What it is:** pictures whose features in {layer} lie at even distances on the straight line "
    "between those of two given ones. **Notice:** is every picture of the strip a picture of "
    "something, and what does the network call it? **It cannot tell you** that real things lie on "
    "that line: the network was never asked about what is between its pictures."
)


def specs(setup: Setup) -> tuple[InvertSpec, ...]:
    """The same inversion of both models."""
    return tuple(replace(setup.inversion, model=model) for model in models(setup))


def viewings(setup: Setup, finds: Finds) -> tuple[Spec, ...]:
    """What the other model says of each finished picture; of a strip, only its makers are asked."""
    return tuple(
        viewing_of(setup, spec)
        for spec in specs(setup)
        if not spec.is_strip and (shown := finds.get(spec)) and shown.result is not None
    )


def viewing_of(setup: Setup, spec: InvertSpec) -> PredictSpec:
    """What the other model says of an inversion."""
    return PredictSpec(model=setup.other(spec.model), image=RESULT + to_link(spec))


def draw(setup: Setup, finds: Finds) -> str:
    """Both panels as far as they are known, with what to notice below."""
    panels = "".join(_panel(setup, spec, finds) for spec in specs(setup))
    spec = setup.inversion
    layer = spec.resolved_layer(record(spec.model))
    start = say("noise") if spec.start == "noise" else say("a picture")
    caption = rich(say(STRIP, layer=layer) if spec.is_strip else say(ONE, start=start, layer=layer))
    return figures.show(
        f'<div class="av-panels" style="--av-side:{SIDE}px">{panels}</div>'
        f'<p class="av-quiet av-below">{caption}</p>'
    )


def _panel(setup: Setup, spec: InvertSpec, finds: Finds) -> str:
    described, shown = record(spec.model), finds[spec]
    if shown.result is None:
        strip = figures.strip(described, shown.words or say("one moment"))
        tiles = tile(Tile(shown.content, say("being drawn")))
        return (
            f'<section class="av-panel {figures.accent(described)}">{strip}'
            f'<div class="av-pair">{tiles}</div></section>'
        )
    facts = shown.result.facts
    told = say(
        "features {distance:.0%} away, at first {first:.0%}",
        distance=facts["distance"],
        first=facts["distance_at_first"],
    )
    strip = figures.strip(described, told)
    body = _strip(spec, shown.result) if spec.is_strip else _pair(setup, spec, shown.result)
    seen = "" if spec.is_strip else seen_by(setup, spec, shown.result, finds, None)
    return f'<section class="av-panel {figures.accent(described)}">{strip}{body}{seen}</section>'


def _pair(setup: Setup, spec: InvertSpec, result: Result) -> str:
    arrays, smooth = result.arrays, setup.view.smooth
    word = ROW[record(spec.model).is_robust][1]
    given = picture(pictures.photo(arrays["wanted"][0]), say("the given picture"), SIDE, smooth)
    alt = say("what the {word} model sees as the same", word=word)
    drawn = picture(pictures.photo(arrays["picture"]), alt, SIDE, smooth)
    away = say("drawn: pixels {rms:.2f} apart (RMS)", rms=result.facts["rms"])
    told = say("given, seen as {said}", said=_said(spec, arrays["wanted_logits"][0]))
    tiles = Tile(given, told), Tile(drawn, away, "≈")
    return f'<div class="av-pair">{"".join(map(tile, tiles))}</div>'


def _strip(spec: InvertSpec, result: Result) -> str:
    """The two given pictures, and below them the strip, each with what its maker says of it."""
    rows = []
    for name in ("wanted", "pictures"):
        arrays = zip(result.arrays[name], result.arrays[f"{name}_logits"], strict=True)
        rows.append([(pictures.photo(each), _said(spec, logits)) for each, logits in arrays])
    ends, drawn = rows
    (first, says_first), (last, says_last) = ends
    given = [
        (first, say("from: {said}", said=says_first)),
        (last, say("to: {said}", said=says_last)),
    ]
    return wall(given) + wall(drawn)


def _said(spec: InvertSpec, logits: Array) -> str:
    """What the model that was inverted says of a picture."""
    return str(reading(logits, record(spec.model).classes))
