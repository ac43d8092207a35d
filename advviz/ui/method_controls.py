"""The widgets of the methods: what a map is of, and what a drawing is told."""

from dataclasses import replace
from typing import Any

import streamlit as st

from advviz.experiments.specs import ExplainSpec, VisualizeSpec
from advviz.fields import AUTO
from advviz.models.records import record
from advviz.ui import own_pictures
from advviz.ui.fields import choose, count, help_of, meta_of
from advviz.ui.language import say, term
from advviz.ui.picture_choice import gallery_names, title
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.why import why
from advviz.ui.words import class_names


def explained(setup: Setup) -> None:
    """Choose the class that the maps are for: by its role, or by its name."""
    described, roles = record(setup.board.standard), setup.roles
    names = class_names(described)
    for role, named in roles.items():
        names[role] = say("{role} class", role=term(role)) + (f": {term(named)}" if named else "")
    st.selectbox(
        say("Explain for class"),
        [*roles, *described.classes],
        format_func=names.__getitem__,
        width=230,
        help=say(
            "One picture, several questions: what moves the score of the true class, of the "
            "class that the network says, of the target, or of any other."
        )
        + why("maps"),
        **control("av.explained_class", setup.explained_class or setup.role, Setup.with_explained),
    )


def objective(setup: Setup) -> None:
    """Choose the score whose gradient is taken."""
    _choose(setup, say("Score"), "objective", {"cross-entropy": say("loss")})


def smoothgrad(setup: Setup) -> None:
    """Tell SmoothGrad how many copies, how noisy, and what to average."""
    with st.container(width=150):
        count(setup, say("SmoothGrad: copies"), "samples", ExplainSpec)
    meta = meta_of(ExplainSpec, "sigma")
    st.number_input(
        say("Noise σ"),
        meta["low"],
        meta["high"],
        step=0.05,
        width=150,
        help=help_of(ExplainSpec, "sigma"),
        **control("av.sigma", setup.board.sigma, lambda s, value: s.with_board(sigma=value)),
    )
    _choose(
        setup,
        say("σ is"),
        "sigma_unit",
        {"range": say("of the range"), "absolute": say("in pixels [0, 1]")},
    )
    names = {"signed": say("gradients"), "squared": say("their squares")}
    _choose(setup, say("Average"), "magnitude", names)
    numerics(setup)


def numerics(setup: Setup) -> None:
    """Choose the unmodified model, or a faster copy of it, for the maps that allow it."""
    _choose(setup, say("Numerics"), "numerics", {})


def _choose(setup: Setup, label: str, name: str, names: dict[str, str]) -> None:
    current = getattr(setup.explain_on(setup.model, "smoothgrad", "original"), name)
    bound = control(f"av.{name}", current, lambda s, value: _extras(s, **{name: value}))
    choose(label, ExplainSpec, name, bound, names)


def _extras(setup: Setup, **values: Any) -> Setup:
    return replace(setup, explain_extras={**setup.explain_extras, **values})


def unit(setup: Setup) -> None:
    """Choose what to excite: a class, a unit before the classes, or a channel of a layer."""
    what, _, rest = setup.visualize.unit.partition(":")
    described = record(setup.visualize.model)
    kinds = {"class": say("a class"), "unit": say("a unit"), "channel": say("a channel")}
    st.segmented_control(
        say("Excite"),
        list(kinds),
        required=True,
        format_func=kinds.__getitem__,
        help=say(
            "A class logit, a unit of the penultimate layer, or one channel of an earlier layer."
        )
        + why("units"),
        **control("av.what", what, lambda s, kind: _drawing(s, unit=_first(s, kind))),
    )
    if what == "class":
        st.selectbox(
            say("Class"),
            described.classes,
            format_func=class_names(described).__getitem__,
            width=150,
            help=say("The class whose score the drawing raises.") + why("units"),
            **control("av.unit.class", rest, lambda s, name: _drawing(s, unit=f"class:{name}")),
        )
        bound = control("av.score", setup.visualize.score, _number("score"))
        choose(say("By its"), VisualizeSpec, "score", bound, {})
        return
    layer, _, index = rest.rpartition(":")
    if what == "channel":
        st.selectbox(
            say("Layer"),
            list(described.layers),
            width=150,
            help=say("Early layers like edges and colours, later ones parts and whole things.")
            + why("units"),
            **control(
                "av.unit.layer", layer, lambda s, name: _drawing(s, unit=f"channel:{name}:0")
            ),
        )
    width = described.layers[layer or next(iter(described.layers))]
    prefix = f"channel:{layer}:" if layer else "unit:"
    st.number_input(
        say("Channel, 0 to {last}", last=width - 1)
        if layer
        else say("Unit, 0 to {last}", last=width - 1),
        0,
        width - 1,
        width=150,
        **control("av.unit.index", int(index), lambda s, i: _drawing(s, unit=f"{prefix}{i}")),
    )


def _first(setup: Setup, kind: str) -> str:
    if kind == "class":
        return f"class:{setup.target or record(setup.model).classes[0]}"
    layers = record(setup.visualize.model).layers
    return "unit:0" if kind == "unit" else f"channel:{next(iter(layers))}:0"


def _drawing(setup: Setup, **values: Any) -> Setup:
    return replace(setup, visualize=replace(setup.visualize, **values))


def start(setup: Setup) -> None:
    """Choose what the drawing begins with: noise, or a picture."""
    names = {"noise": say("noise"), **gallery_names(record(setup.visualize.model))}
    current = setup.visualize.start
    extra = (current, setup.board.image, *own_pictures.refs())
    names |= {ref: title(ref) for ref in extra if ref not in names}
    st.selectbox(
        say("Start from"),
        list(names),
        format_func=names.__getitem__,
        width=180,
        disabled=setup.visualize.method != "ascent",  # the others start from noise of their own
        help=say(
            "From noise, the network is alone with what it likes; from a picture, see what it adds."
        )
        + why("units"),
        **control("av.start_from", current, lambda s, ref: _drawing(s, start=ref)),
    )


def drawing_method(setup: Setup) -> None:
    """Choose plain ascent, or ascent with a prior."""
    bound = control("av.method", setup.visualize.method, lambda s, m: _drawing(s, method=m))
    names = {
        "ascent": say("plain ascent"),
        "fourier": say("with a prior (Fourier)"),
        "maco": say("phases alone (MACO)"),
    }
    choose(say("Method"), VisualizeSpec, "method", bound, names)


def drawing_numbers(setup: Setup) -> None:
    """Give the numbers of the ascent; those that the method does not use are greyed."""
    sizes = setup.visualize.resolved_sizes(record(setup.visualize.model))
    for label, name, step, resolved in (
        (say("Ball, L2"), "eps", 5.0, sizes[0]),
        (say("Step size, L2"), "step_size", 0.25, sizes[1]),
    ):
        _length(setup, label, name, step, resolved)
    for label, name, step in ((say("Steps"), "steps", 10), (say("Seed"), "seed", 1)):
        meta = meta_of(VisualizeSpec, name)
        st.number_input(
            label,
            meta["low"],
            meta["high"],
            step=step,
            width=150,
            help=help_of(VisualizeSpec, name),
            **control(f"av.drawing.{name}", getattr(setup.visualize, name), _number(name)),
        )


def _length(setup: Setup, label: str, name: str, step: float, resolved: float) -> None:
    """Give a length of the ascent, or leave it to the rule, which is shown."""
    given = getattr(setup.visualize, name)
    st.number_input(
        label,
        0.0,
        meta_of(VisualizeSpec, name)["high"],
        value=None,
        step=step,
        width=150,
        placeholder=say("auto: {resolved:g}", resolved=resolved),
        disabled=setup.visualize.method != "ascent",
        help=help_of(VisualizeSpec, name),
        **control(
            f"av.drawing.{name}",
            None if given == AUTO else given,
            lambda s, value: _drawing(s, **{name: AUTO if value is None else value}),
        ),
    )


def drawing_numerics(setup: Setup) -> None:
    """Choose the unmodified model, or a faster copy of it."""
    bound = control("av.drawing.numerics", setup.visualize.numerics, _number("numerics"))
    choose(say("Numerics"), VisualizeSpec, "numerics", bound, {})


def _number(name: str) -> Any:
    return lambda setup, value: _drawing(setup, **{name: value})
