"""The loss around the picture as a landscape, for both models, on one scale."""

from typing import Any

import numpy as np
import streamlit as st

from advviz.experiments.codec import to_link
from advviz.experiments.inquiries import SurfaceSpec
from advviz.experiments.references import RESULT
from advviz.experiments.result import Result
from advviz.models.model_record import ModelRecord
from advviz.models.records import record
from advviz.ui import drawers, running
from advviz.ui.figures import behind, rich, show, table
from advviz.ui.language import say, term
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.smallest_changes import models
from advviz.ui.words import ROW, Array, reading

HEIGHT = 400  # CSS pixels
GRID = "#8a94a3"  # seen on white and on black; WebGL draws a transparent line as white
HOVER = "attack %{x:.2f}, random %{y:.2f}<br>loss %{z:.2f}, it says %{customdata}"
MEANING = (
    "**The loss of {right} around the picture.** Height and colour are the cross-entropy of the "
    "true class, in nats, on one scale for both models. One axis is the direction of the model's "
    "own attack (0 is the picture, 1 the attacked picture), the other a random direction of the "
    "same length, orthogonal to it. Is the random direction flat, and the attack's steep? It is "
    "two directions of {count}: a calm surface says nothing about the others, and points outside "
    "of valid pixels are drawn too."
)


def drawer(setup: Setup) -> None:
    """Offer the landscape around the picture, for both models."""
    place = drawers.opened(say("The loss around the picture, in three dimensions"), "av.surface")
    if place is None:
        return
    with place:
        told = st.empty()
        finds = running.show(specs(setup), told, lambda finds: _waiting(setup, finds))
        running.failures(finds)
        found = {
            model: result
            for model in models(setup)
            if (result := finds[spec_of(setup, model)].result) is not None
        }
        if found:
            charts(setup, found)
            right = _right(setup, next(iter(found.items())))
            words = say(MEANING, right=term(right), count=f"{3 * setup.size**2:,}")
            st.html(show(f'<p class="av-quiet av-reach">{rich(words)}</p>'))


def spec_of(setup: Setup, model: str) -> SurfaceSpec:
    """The surface of a model around the picture, towards its own attack."""
    attacked = RESULT + to_link(setup.attack(model))
    return SurfaceSpec(model=model, image=attacked, seed=setup.board.seed)


def specs(setup: Setup) -> tuple[SurfaceSpec, ...]:
    """The surfaces of both models."""
    return tuple(spec_of(setup, model) for model in models(setup))


def _waiting(setup: Setup, finds: Finds) -> str:
    """How far each surface has come; nothing once all are there."""
    told = []
    for model in models(setup):
        shown = finds[spec_of(setup, model)]
        if shown.result is None:
            told.append(f"<p>{' '.join(ROW[record(model).is_robust])}: {rich(shown.words)}</p>")
    return show("".join(told))


def _right(setup: Setup, one: tuple[str, Result]) -> str:
    """The class whose loss is drawn: the true one, or what the first model says of the picture."""
    model, result = one
    middle = _at_picture(result)
    return setup.true_class or reading(middle, record(model).classes).label


def _at_picture(result: Result) -> Array:
    along, across = result.arrays["along"], result.arrays["across"]
    found: Array = result.arrays["logits"][np.abs(across).argmin(), np.abs(along).argmin()]
    return found


def losses(logits: Array, index: int) -> Array:
    """The cross-entropy of a class, in nats, of logits [..., K]."""
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    found: Array = np.log(np.exp(shifted).sum(-1)) - shifted[..., index]
    return found


def charts(setup: Setup, found: dict[str, Result]) -> None:
    """Draw the surfaces side by side, with one scale of heights and colours."""
    right = _right(setup, next(iter(found.items())))
    heights = {
        model: losses(result.arrays["logits"], record(model).class_index(right))
        for model, result in found.items()
    }
    top = max(float(z.max()) for z in heights.values()) or 1.0
    for column, (model, result) in zip(st.columns(2), found.items(), strict=False):
        with column:
            described = record(model)
            symbol, word = ROW[described.is_robust]
            length = result.facts["length"]
            st.markdown(
                say(
                    "**{symbol} {word}** · the attack's change is L2 {length:.3g} long",
                    symbol=symbol,
                    word=word,
                    length=length,
                )
            )
            st.plotly_chart(
                figure(described, result, heights[model], top),
                key=f"av.surface.{model}",
                config={"displayModeBar": False, "scrollZoom": False},
            )
            st.html(behind(say("As a table"), heights_table(result, heights[model])))


def heights_table(result: Result, heights: Array) -> str:
    """The numbers behind a surface: every fourth row of the grid, in its middle and at its edges.

    Args:
        result: of a `SurfaceSpec`.
        heights: [across, along], losses in nats.
    """
    along, across = result.arrays["along"], result.arrays["across"]
    shown = (0, int(np.abs(across).argmin()), len(across) - 1)
    head = [say("times the attack's change"), *(_across(float(across[place])) for place in shown)]
    rows = [
        [f"{along[step]:.3g}", *(f"{heights[place, step]:.3g}" for place in shown)]
        for step in range(0, len(along), 4)
    ]
    return table(head, rows)


def _across(times: float) -> str:
    return say("loss at {times} times the random direction", times=f"{times:.3g}")


def figure(described: ModelRecord, result: Result, heights: Array, top: float) -> dict[str, Any]:
    """Describe one surface to Plotly.

    Args:
        described: the model.
        result: of a `SurfaceSpec`.
        heights: [P, P] as the logits are.
        top: the height up to which both models' axes reach.
    """
    along, across = result.arrays["along"], result.arrays["across"]
    answers = np.array([term(name) for name in described.classes])[
        result.arrays["logits"].argmax(-1)
    ]
    surface = {
        "type": "surface",
        "x": along.tolist(),
        "y": across.tolist(),
        "z": heights.tolist(),
        "customdata": answers.tolist(),
        "hovertemplate": say(HOVER) + "<extra></extra>",
        "cmin": 0.0,
        "cmax": top,
        "colorscale": "Viridis",
        "showscale": False,
        "contours": {"z": {"show": True, "color": "rgba(255,255,255,0.45)", "width": 1}},
    }
    scene: dict[str, Any] = {
        "xaxis": _axis(say("attack")),
        "yaxis": _axis(say("random")),
        "zaxis": _axis(say("loss")) | {"range": [0, 1.05 * top]},
        "camera": {"eye": {"x": -1.3, "y": -1.45, "z": 0.6}, "center": {"z": -0.16}},
        "aspectmode": "manual",
        "aspectratio": {"x": 1.1, "y": 1.1, "z": 0.75},
    }
    marks = _marks(along, across, heights)
    scene["annotations"] = _labels(marks)
    layout = {"height": HEIGHT, "margin": {"l": 0, "r": 0, "t": 0, "b": 0}, "scene": scene}
    return {"data": [surface, marks], "layout": layout}


def _axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title},
        "showbackground": False,
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        "nticks": 5,
    }


def _marks(along: Array, across: Array, heights: Array) -> dict[str, Any]:
    """The picture and the attacked picture, on the surface."""
    middle = int(np.abs(across).argmin())
    places = [int(np.abs(along - place).argmin()) for place in (0.0, 1.0)]
    return {
        "type": "scatter3d",
        "mode": "markers",
        "x": [float(along[place]) for place in places],
        "y": [float(across[middle])] * 2,
        "z": [float(heights[middle, place]) for place in places],
        "marker": {"size": 5, "symbol": ["circle", "diamond"], "color": "#d9480f"},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _labels(marks: dict[str, Any]) -> list[dict[str, Any]]:
    """The names of the marks: annotations, which no surface hides."""
    places = zip((say("picture"), say("attacked")), marks["x"], marks["y"], marks["z"], strict=True)
    look = {
        "ax": -30,
        "ay": -30,
        "arrowhead": 0,
        "arrowcolor": GRID,
        "bgcolor": "rgba(255,255,255,0.85)",
        "font": {"color": "#1d2433"},
    }
    return [{"text": name, "x": x, "y": y, "z": z} | look for name, x, y, z in places]
