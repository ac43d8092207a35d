"""Which units of a layer the attack turned on and off, each with what it likes."""

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from advviz.evaluation.alike import figure
from advviz.experiments.atlas import AtlasSpec, pictures_of
from advviz.experiments.codec import to_link
from advviz.experiments.protocol import Spec
from advviz.experiments.references import RESULT
from advviz.experiments.responses import PENULTIMATE, cropped, ranked
from advviz.experiments.result import Result
from advviz.experiments.specs import VisualizeSpec
from advviz.experiments.turned_units import UnitsSpec
from advviz.models.records import record
from advviz.pictures import photo
from advviz.ui import drawers, running, state
from advviz.ui.figures import Bytes, Finished, accent, picture, rich, show
from advviz.ui.language import labelled, say, term
from advviz.ui.picture_choice import title
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.words import ROW, short

KEY = "av.units"
SHOWN = 4
"""Units that were turned on, and as many that were turned off, of each model."""
CROPS = 4
"""Sample pictures beside each unit."""
SIDE = 64  # CSS pixels of a picture
Liked = dict[tuple[str, int], VisualizeSpec | Bytes]
"""By model and unit: the picture of what excites it, or the drawing that makes it."""
MEANING = (
    "**A unit's change counts by its own spread** over the sample pictures: +3 means three "
    "standard deviations more than on the clean picture. Noise of the attack's size stands beside "
    "it: what it moves as far says nothing of the attack. **Favourite**: drawn from noise to "
    "excite this unit. **Strongest**: the pictures of the gallery, or the part of them, that it "
    "answers to most. **A unit that moved need not have moved the answer**: nothing was held fixed "
    "to see what follows from it, and a unit is seldom about one thing."
)


def drawer(setup: Setup) -> Finds:
    """Offer the units, for every model that the page shows; return what is known of them."""
    if setup.view.opened == "units":
        st.session_state.setdefault(KEY, True)
    label = say("Inside: which units did the attack turn on and off?")
    place = drawers.opened(label, KEY)
    if place is None:
        return {}
    with place:
        layer(setup)
        body = st.empty()
        finds = running.show(specs(setup), body, lambda finds: draw(setup, finds, {}))
        liked = favourites(setup, finds)
        known = dict(finds)
        drawings = [spec for spec in liked.values() if isinstance(spec, VisualizeSpec)]
        if drawings:
            finds |= running.show(drawings, body, lambda more: draw(setup, known | more, liked))
        elif liked:
            body.html(Finished(draw(setup, finds, liked)))
        running.failures(finds)
    return finds


def layer(setup: Setup) -> None:
    """Choose the layer: one that is offered, or any other by its name in the network."""
    names = [PENULTIMATE, *dict.fromkeys(n for m in setup.models for n in record(m).layers)]
    if setup.view.layer not in names:
        names.append(setup.view.layer)
    st.selectbox(
        say("Layer"),
        names,
        format_func=labelled(names, term),
        width=260,
        accept_new_options=True,
        help=say(
            "The penultimate layer feeds the scores of the classes. Any other layer of the network "
            "can be typed in, by its name in PyTorch."
        ),
        **control("av.units.layer", setup.view.layer, lambda s, name: s.with_view(layer=name)),
    )


def spec_of(setup: Setup, model: str) -> UnitsSpec:
    """The units of a model that its own attack turned on and off."""
    attacked = RESULT + to_link(setup.attack(model))
    return UnitsSpec(
        model=model,
        image=attacked,
        layer=setup.view.layer,
        top=SHOWN,
        seed=setup.board.seed,
    )


def of_models(setup: Setup) -> tuple[UnitsSpec, ...]:
    """The units of every model that the page shows."""
    return tuple(dict.fromkeys(spec_of(setup, model) for model in setup.models))


def specs(setup: Setup) -> tuple[Spec, ...]:
    """The units of every model, and what they answer to the sample pictures."""
    units = of_models(setup)
    return (*units, *(spec.responses for spec in units))


def favourites(setup: Setup, finds: Finds) -> Liked:
    """What excites each unit that is shown: a tile of its layer's atlas, where that is known.

    Where it is not, the drawing of that tile, which is still to be made; none of a layer that the
    model does not list.
    """
    liked: Liked = {}
    for model in dict.fromkeys(setup.models):
        result, described = finds[spec_of(setup, model)].result, record(model)
        if result is None or result.facts["layer"] not in described.layers:
            continue
        atlas = AtlasSpec(model=model, layer=setup.view.layer)
        known = state.engine().peek(atlas)
        tiles = () if known is None else pictures_of(known)
        for unit in (*result.facts["on"], *result.facts["off"]):
            drawn = unit < len(tiles)
            liked[model, unit] = (
                tiles[unit].transpose(1, 2, 0) if drawn else atlas.drawing(unit, described)
            )
    return liked


def draw(setup: Setup, finds: Finds, liked: Liked) -> str:
    """Both models' units as far as they are known."""
    columns = []
    for model in dict.fromkeys(setup.models):
        described, spec = record(model), spec_of(setup, model)
        symbol, word = ROW[described.is_robust]
        found, seen = finds[spec], finds[spec.responses].result
        if found.result is None or seen is None:
            waiting = found if found.result is None else finds[spec.responses]
            body = f"<p>{rich(waiting.words)}</p>"
        else:
            told = "".join(
                _table(setup, model, found.result, seen, way, finds, liked) for way in ("on", "off")
            )
            body = f"<p>{rich(_in_short(found.result))}</p>{told}"
        name = f'<p class="av-name"><span class="av-mark">{symbol}</span> {escape(word)}</p>'
        columns.append(f'<div class="{accent(described)}">{name}{body}</div>')
    meaning = f'<p class="av-quiet av-reach">{rich(say(MEANING))}</p>'
    return show(f'<div class="av-halves">{"".join(columns)}</div>{meaning}')


def _in_short(result: Result) -> str:
    """How far the attack moves units, beside noise; and how many were left out."""
    facts = result.facts
    told = say(
        "Layer {layer}: the attack moves a unit by up to **{most}** spreads, noise of the same "
        "size by up to {noise}. Beyond that noise: **{beyond} of {units}** units.",
        layer=facts["layer"],
        most=short(facts["largest"]),
        noise=short(facts["noise_largest"]),
        beyond=facts["beyond_noise"],
        units=facts["units"],
    )
    if facts["silent"]:
        told += say(" {n} units answer alike to all samples and are left out.", n=facts["silent"])
    return told


def _table(
    setup: Setup, model: str, result: Result, seen: Result, way: str, finds: Finds, liked: Liked
) -> str:
    name = {"on": say("turned on"), "off": say("turned off")}[way]
    units: Sequence[int] = result.facts[way]
    if not units:
        told = say("No unit was {turned}.", turned=name)
        return f"<p>{rich(told)}</p>"
    heads = (name, say("spreads"), say("favourite"), say("strongest of the gallery"))
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = ""
    for unit in units:
        liking = _favourite(setup, model, unit, finds, liked)
        cells = _cells(setup, result, seen, unit, liking)
        body += "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    return (
        '<table class="av-table av-survival">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cells(setup: Setup, result: Result, seen: Result, unit: int, liking: str) -> tuple[str, ...]:
    """A unit's number, its change, its favourite, and the crops it answers to most."""
    before, after = (float(result.arrays[name][unit]) for name in ("before", "after"))
    score = float(result.arrays["scores"][unit])
    noise = float(np.abs(result.arrays["noisy"][:, unit]).max())
    crops = [
        _small(
            cropped(seen, int(row), unit).transpose(1, 2, 0),
            say("{picture}, for unit {unit}", picture=_named(seen, int(row)), unit=unit),
            setup,
        )
        for row in ranked(seen, unit)[:CROPS]
    ]
    noisy = say("noise ±{noise}", noise=figure(noise))
    return (
        f"<b>{unit}</b>",
        f"<b>{'+' if score > 0 else ''}{figure(score)}</b><br>{escape(noisy)}<br>"
        f"{figure(before)} → {figure(after)}",
        liking,
        f'<div class="av-behind">{"".join(crops)}</div>',
    )


def _named(seen: Result, row: int) -> str:
    name = str(seen.facts["names"][row])
    return title(f"sample:{name}")


def _favourite(setup: Setup, model: str, unit: int, finds: Finds, liked: Liked) -> str:
    """The picture that excites a unit, or how far it has come."""
    alt = say("favourite image of unit {unit}", unit=unit)
    drawn = liked.get((model, unit))
    if drawn is None:
        return ""
    if not isinstance(drawn, VisualizeSpec):
        return _small(drawn, alt, setup)
    shown = finds.get(drawn)
    if shown is None or shown.result is None:
        return "" if shown is None else escape(shown.words)
    return _small(photo(shown.result.arrays["picture"]), alt, setup)


def _small(image: Bytes, alt: str, setup: Setup) -> str:
    """A picture in the size of the table; one that does not fit is reduced."""
    smooth = setup.view.smooth or image.shape[0] > SIDE
    return picture(np.ascontiguousarray(image), alt, SIDE, smooth)
