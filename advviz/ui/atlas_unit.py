"""One unit of an atlas looked at closely: favourite, strongest and weakest crops, class weights."""

from html import escape

import numpy as np

from advviz.data.picture_sets import GALLERY
from advviz.experiments.atlas import AtlasSpec, pictures_of
from advviz.experiments.responses import alike, cropped, never_active, ranked
from advviz.experiments.result import Array, Result
from advviz.models.model_record import ModelRecord
from advviz.models.records import record
from advviz.ui import atlas, figures
from advviz.ui.atlas_controls import chosen
from advviz.ui.figures import Tile, picture, rich, tile
from advviz.ui.language import say, term
from advviz.ui.picture_choice import title
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.words import short

CROPS = 5
FAVOURITE, CROP = 192, 88  # CSS pixels a side
WEIGHTS = 4
"""Classes that a unit adds to most, and as many that it takes from most."""
SIMILAR = 4
CAPTION = (
    "**Crops of the sample pictures** around the position where the unit answers most. Their size "
    "is measured for each model: nine tenths of what moves such a position lie within, and it can "
    "see {field} of {size} pixels a side. Notice whether the strongest crops have something in "
    "common that the favourite picture shows, and the weakest lack. What they cannot tell: {count} "
    "pictures are few, and the strongest of few is no proof of what a unit is for."
)
WHOLE = (
    "**The sample pictures that the unit answers to most and least:** behind this layer there are "
    "no positions, so the whole picture counts. Notice whether the strongest have something in "
    "common that the favourite picture shows, and the weakest lack. What they cannot tell: {count} "
    "pictures are few, and the strongest of few is no proof of what a unit is for."
)


def draw(setup: Setup, finds: Finds) -> str:
    """The chosen unit of each model, as far as it is known."""
    panels = "".join(_panel(setup, spec, finds) for spec in atlas.specs(setup))
    if not panels:
        return ""
    return figures.show(
        f'<div class="av-panels av-units">{panels}</div>'
        f'<p class="av-quiet av-below">{rich(_caption(setup, finds))}</p>'
    )


def counts(setup: Setup, finds: Finds) -> dict[str, int]:
    """Count the units of each model's layer, where that is known."""
    found = {}
    for spec in atlas.looks(setup):
        shown = finds.get(spec)
        if shown is not None and shown.result is not None:
            found[spec.model] = shown.result.arrays["maxima"].shape[1]
    return found


def _caption(setup: Setup, finds: Finds) -> str:
    for spec in atlas.looks(setup):
        shown = finds.get(spec)
        if shown is None or shown.result is None:
            continue
        facts, size = shown.result.facts, record(spec.model).input_size
        crop, count = facts["crop"], len(facts["names"])
        told = say(CAPTION, size=size, field=facts["field"], count=count)
        if crop >= size:
            told = say(WHOLE, count=count)
        if facts["left_out"]:
            told += say(" Files that could not be read: {count}.", count=facts["left_out"])
        return told
    return ""


def _panel(setup: Setup, spec: AtlasSpec, finds: Finds) -> str:
    described, drawn = record(spec.model), finds.get(spec)
    looked = finds.get(setup.responses(spec.model))
    answers = None if looked is None else looked.result
    result = None if drawn is None else drawn.result
    if answers is None:
        return ""
    unit = chosen(setup, spec.model, answers.arrays["maxima"].shape[1])
    head = say("unit {index} of {layer}", index=unit, layer=term(answers.facts["layer"]))
    silent = bool(never_active(answers)[unit])
    of_gallery = setup.view.pictures == GALLERY
    note = say("never active: above 0 on none of the sample pictures") if silent else ""
    return (
        f'<section class="av-panel {figures.accent(described)}">'
        f"{figures.strip(described, head, note)}"
        f"{_favourite(result, unit, setup.view.smooth)}"
        f"{_crops(answers, unit, of_gallery)}"
        f"{_similar(answers, unit)}{_weights(result, unit, described)}"
        "</section>"
    )


def _favourite(result: Result | None, unit: int, smooth: bool) -> str:
    """The unit's tile at a size to look at, and how far it rose."""
    if result is None or unit >= len(result.arrays["values"]):
        return ""
    drawn = picture(
        pictures_of(result)[unit].transpose(1, 2, 0),
        say("favourite picture of unit {index}", index=unit), FAVOURITE, smooth,
    )  # fmt: skip
    first, last = (
        short(float(result.arrays[name][unit])).replace("-", "−")
        for name in ("start_values", "values")
    )
    rose = say("activation rose from {first} to {last}", first=first, last=last)
    told = say("**favourite picture:** {rose}", rose=rose)
    return f'<div style="--av-side:{FAVOURITE}px">{tile(Tile(drawn, told))}</div>'


def _crops(answers: Result, unit: int, of_gallery: bool) -> str:
    order = [int(row) for row in ranked(answers, unit)]
    crop = answers.facts["crop"]
    most, least = say("strongest pictures"), say("weakest pictures")
    if crop < answers.arrays["pictures"].shape[-1]:
        most = say("strongest crops, {crop} pixels a side", crop=crop)
        least = say("weakest crops, {crop} pixels a side", crop=crop)
    rows = ((most, order[:CROPS]), (least, order[::-1][:CROPS]))
    drawn = ""
    for name, places in rows:
        tiles = "".join(tile(_crop(answers, place, unit, of_gallery)) for place in places)
        drawn += f"<p><b>{escape(name)}</b></p>"
        drawn += f'<div class="av-thumbs" style="--av-side:{CROP}px">{tiles}</div>'
    return drawn


def _crop(answers: Result, place: int, unit: int, of_gallery: bool) -> Tile:
    name, value = answers.facts["names"][place], float(answers.arrays["maxima"][place, unit])
    named = title(f"sample:{name}") if of_gallery else name.rpartition("/")[2]
    drawn = picture(
        cropped(answers, place, unit).transpose(1, 2, 0), say("crop of {name}", name=named), CROP
    )
    return Tile(drawn, f"**{short(value).replace('-', '−')}** {named}")


def _similar(answers: Result, unit: int) -> str:
    """The units that answer to the sample pictures most like this one."""
    likeness = alike(answers)[unit].copy()
    likeness[unit] = -np.inf
    order = [int(other) for other in np.argsort(-likeness, kind="stable")[:SIMILAR]]
    told = ", ".join(f"{other} ({likeness[other]:.2f})" for other in order if likeness[other] > 0)
    if not told:
        return ""
    words = say("answers most like units {told} (correlation over the pictures)", told=told)
    return f'<p class="av-quiet">{escape(words)}</p>'


def _weights(result: Result | None, unit: int, described: ModelRecord) -> str:
    """How much one unit of activation adds to each logit: the classes at both ends."""
    if result is None or "class_weights" not in result.arrays:
        return ""
    if unit >= len(result.arrays["class_weights"]):
        return ""
    row: Array = result.arrays["class_weights"][unit].astype(np.float64)
    order = [int(place) for place in np.argsort(-row, kind="stable")]
    ends = dict.fromkeys([*order[:WEIGHTS], *order[-WEIGHTS:]])
    largest = float(np.abs(row).max()) or 1.0
    bars = "".join(_bar(term(described.classes[place]), row[place], largest) for place in ends)
    head = say("class weights: what one unit more of its activation adds to a logit")
    return f'<p><b>{escape(head)}</b></p><div class="av-weights">{bars}</div>'


def _bar(name: str, value: float, largest: float) -> str:
    width = 50 * abs(value) / largest
    left = 50 if value >= 0 else 50 - width
    sign = "+" if value >= 0 else "−"
    return (
        f'<span>{escape(name)}</span><span class="av-weight">'
        f'<i style="left:{left:.1f}%;width:{width:.1f}%"></i></span>'
        f'<span class="av-told">{sign}{abs(value):.2f}</span>'
    )
