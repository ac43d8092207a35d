"""The widgets of the page of layer atlases."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from advviz.data import picture_folder
from advviz.experiments.atlas import AtlasSpec
from advviz.experiments.responses import PENULTIMATE
from advviz.models.records import record
from advviz.ui import drawers, state
from advviz.ui.fields import choose, help_of, meta_of
from advviz.ui.language import labelled, say
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.view import View
from advviz.ui.words import ROW


def four(setup: Setup) -> DeltaGenerator:
    """Layer, order, sample pictures; returns the place of the button."""
    columns = st.columns([1.5, 2.3, 1.6, 0.8], gap="medium", vertical_alignment="bottom")
    with columns[0]:
        _layer(setup)
    with columns[1]:
        _order(setup)
    with columns[2]:
        _pictures(setup)
    return columns[3].empty()


def _layer(setup: Setup) -> None:
    """Choose a layer, from the first to the one that feeds the classes."""
    spec = setup.atlas(setup.board.robust)
    described = record(spec.model)
    layers = described.layers
    last = described.penultimate
    names = {
        name: say("{layer}, {count} units", layer=name, count=count)
        for name, count in layers.items()
        if name != last
    }
    names[PENULTIMATE] = (
        say("the last one before the classes")
        if last is None
        else say("before the classes, {count} units", count=layers[last])
    )
    names |= {} if spec.layer in names else {spec.layer: spec.layer}
    st.selectbox(
        say("Layer"),
        list(names),
        format_func=labelled(names, names.__getitem__),
        help=say("Early layers like edges and colours, later ones parts and whole things."),
        **control("av.atlas.layer", spec.layer, _with_layer),
    )


def _with_layer(setup: Setup, layer: str) -> Setup:
    """Choose another layer; its units are looked at from the first."""
    if layer == setup.atlas(setup.board.robust).layer:
        return setup
    return _with(setup, layer=layer).with_view(unit_standard=0, unit_robust=0)


def _with(setup: Setup, **values: Any) -> Setup:
    return replace(setup, layer=replace(setup.atlas(setup.board.robust), **values))


def _order(setup: Setup) -> None:
    """Choose the order of the units, each model in its own."""
    names = {
        "number": say("by number"),
        "response": say("by strongest response"),
        "likeness": say("by likeness"),
    }
    st.segmented_control(
        say("Units"),
        list(names),
        required=True,
        format_func=labelled(names, names.__getitem__),
        help=say(
            "Strongest response: to any of the sample pictures. Likeness: each unit is followed by "
            "the one, of those left, that answers to the sample pictures most like it."
        ),
        **control("av.atlas.order", setup.view.order, lambda s, name: s.with_view(order=name)),
    )


def _pictures(setup: Setup) -> None:
    """Choose the pictures that units answer to: the gallery, or the folder of the app's owner."""
    names = {"gallery": say("the gallery")}
    if picture_folder.offered() is not None or setup.view.pictures == "folder":
        names["folder"] = say("the owner's folder")
    st.segmented_control(
        say("Sample pictures"),
        list(names),
        required=True,
        format_func=labelled(names, names.__getitem__),
        help=say(
            "The crops below are cut out of them. A folder is offered by whoever starts the app: "
            "advviz app --images DIR."
        ),
        **control("av.atlas.pictures", setup.view.pictures, _with_pictures),
    )


def _with_pictures(setup: Setup, pictures: str) -> Setup:
    return setup.with_view(pictures=pictures)


def units(setup: Setup, counts: dict[str, int]) -> None:
    """Give the units that are looked at closely by number, for those who do not click.

    Args:
        setup: of the page.
        counts: units of each model's layer, by model id.
    """
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        for model in dict.fromkeys((setup.board.standard, setup.board.robust)):
            if model in counts:
                _unit(setup, model, counts[model])


def _unit(setup: Setup, model: str, count: int) -> None:
    symbol, word = ROW[record(model).is_robust]
    st.number_input(
        say("Unit of {symbol} {word}, 0 to {last}", symbol=symbol, word=word, last=count - 1),
        0,
        count - 1,
        width=240,
        **control(f"av.atlas.{chosen_name(setup, model)}", chosen(setup, model, count),
                  lambda s, unit: s.with_view(**{chosen_name(s, model): unit})),
    )  # fmt: skip


def chosen_name(setup: Setup, model: str) -> str:
    """Name the field of the view that holds which unit of a model is looked at."""
    return "unit_standard" if model == setup.board.standard else "unit_robust"


def chosen(setup: Setup, model: str, count: int) -> int:
    """Return the unit of a model that is looked at; the first, where the layer has fewer."""
    unit = int(getattr(setup.view, chosen_name(setup, model)))
    return unit if unit < count else 0


def advanced(setup: Setup) -> None:
    """Everything else that the drawing is told, on request."""
    drawer = drawers.opened(say("Advanced: method, steps, lengths, seed"), "av.atlas.more")
    if drawer is None:
        return
    spec = setup.atlas(setup.board.robust)
    with drawer:
        with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
            names = {"ascent": say("plain ascent"), "fourier": say("with a prior (Fourier)")}
            choose(say("Method"), AtlasSpec, "method", _bound(spec, "method"), names)
            choose(say("Numerics"), AtlasSpec, "numerics", _bound(spec, "numerics"), {})
        with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
            for label, name in (
                (say("Steps"), "steps"),
                (say("Seed"), "seed"),
                (say("Units at most"), "units"),
                (say("Tile, pixels a side"), "side"),
            ):
                meta = meta_of(AtlasSpec, name)
                st.number_input(
                    label, meta["low"], meta["high"], width=150, help=help_of(AtlasSpec, name),
                    **_bound(spec, name),
                )  # fmt: skip
        st.button(
            say("Recompute"),
            on_click=state.ask_fresh,
            help=say("Draw both atlases again, although they are known."),
        )
        st.caption(
            say(
                "A change here is drawn anew for every unit of both models, in the background: "
                "that takes minutes on a processor, and can be stopped."
            )
        )


def _bound(spec: AtlasSpec, name: str) -> dict[str, Any]:
    apply: Callable[[Setup, Any], Setup] = lambda s, value: _with(s, **{name: value})  # noqa: E731
    return control(f"av.atlas.{name}", getattr(spec, name), apply)


def view_fields() -> tuple[str, ...]:
    """List the fields of the view that the page's link holds."""
    wanted = ("unit_standard", "unit_robust", "order", "pictures")
    return tuple(name for name in View.__dataclass_fields__ if name in wanted)
