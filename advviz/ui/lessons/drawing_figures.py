"""Figures of what units want: what both models draw, and who else sees it; and the price chart."""

from advviz import pictures
from advviz.experiments.protocol import Spec
from advviz.models.records import record
from advviz.ui import components, drawings, figures, price
from advviz.ui.figures import Row, Tile, picture
from advviz.ui.language import say, term
from advviz.ui.lessons.scene import Figure, Scene, no_specs, original
from advviz.ui.running import Finds
from advviz.ui.words import ROW, reading


def _specs(scene: Scene) -> tuple[Spec, ...]:
    own = drawings.specs(scene.setup)
    return (*own, *(drawings.viewing_of(scene.setup, spec) for spec in own))


def _draw(scene: Scene, finds: Finds) -> str:
    setup, rows = scene.setup, []
    for spec in drawings.specs(setup):
        described, shown = record(spec.model), finds[spec]
        if shown.result is None:
            tiles = [Tile(figures.waiting("")), Tile(shown.content), Tile(figures.waiting(""))]
            told = shown.words or say("one moment")
        else:
            arrays = shown.result.arrays
            name = term(drawings.named(spec))
            begin = picture(pictures.photo(arrays["start"]), say("the start"))
            drawn = picture(
                pictures.photo(arrays["picture"]), say("what it draws: {name}", name=name)
            )
            tiles = [Tile(begin, say("the start")), Tile(drawn, f"**{name}**", "→")]
            told = _seen(scene, spec.model, finds)
        rows.append(Row(described, figures.strip(described, told), tiles))
    captions = [
        say("**Where the ascent begins.** Both networks get the same start and settings."),
        say(
            "**What raises the score most.** Would a stranger name it? Not a photo, not a memory, "
            "and not all that the network knows of the class."
        ),
    ]
    return figures.board((say("the start"), say("what it draws")), rows, captions, scene.side + 64)


def _seen(scene: Scene, model: str, finds: Finds) -> str:
    """What the artist and the other model say of a drawing."""
    setup = scene.setup
    spec = next(s for s in drawings.specs(setup) if s.model == model)
    own, other = finds[spec].result, finds[drawings.viewing_of(setup, spec)].result
    if own is None or other is None:
        return say("one moment")
    viewer = record(setup.other(model))
    mine = reading(own.arrays["logits"], record(model).classes)
    theirs = reading(other.arrays["logits"], viewer.classes)
    named = " ".join(ROW[viewer.is_robust])
    return say(
        "says {mine} of its own · {other} says {theirs}", mine=mine, other=named, theirs=theirs
    )


def _before(scene: Scene) -> str:
    rows = []
    for spec in drawings.specs(scene.setup):
        described = record(spec.model)
        told = say("is to draw {name}", name=term(drawings.named(spec)))
        tiles = [] if spec.start == "noise" else [original(scene, spec.model)]
        rows.append(Row(described, figures.strip(described, told), tiles))
    return figures.board([""], rows, side=scene.side)


def _price_draw(scene: Scene, _finds: Finds) -> str:
    spec = scene.setup.ladder
    return price.told(spec) + price.table(spec)


def _price_chart(scene: Scene, _finds: Finds) -> None:
    if drawn := price.chart(scene.setup.ladder):
        components.drawing(drawn, "av.lesson.price")


def _price_before(scene: Scene) -> str:
    told = say("your prediction first")
    pieces = [
        f'<div class="{figures.accent(rung)}">{figures.strip(rung, told)}</div>'
        for rung in scene.setup.ladder.rungs
    ]
    return figures.show("".join(pieces))


DRAWINGS = Figure(_specs, _draw, before=_before)
PRICE = Figure(no_specs, _price_draw, before=_price_before, after=_price_chart)
