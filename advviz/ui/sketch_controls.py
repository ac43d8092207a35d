"""The widgets of Draw: a sketch or a photo, the class to make of it, and where it may change."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from advviz.data import sketches, uploads
from advviz.data.decoding import MAX_BYTES
from advviz.errors import AdvvizError
from advviz.experiments import regions
from advviz.experiments.parameters import in_proportion
from advviz.experiments.regions import BOX, EVERYTHING
from advviz.experiments.specs import VisualizeSpec
from advviz.fields import AUTO
from advviz.models.records import record
from advviz.ui import drawers, own_pictures, state
from advviz.ui.combine_controls import changing
from advviz.ui.drawing_modes import SKETCH_BALL, sketched
from advviz.ui.fields import choose
from advviz.ui.language import labelled, quote, say
from advviz.ui.notes import Card
from advviz.ui.picture_choice import gallery_names, title
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.words import class_names

MIDDLE = "box:25,25,50,50"
MASK = "mask"
_ROUND = "av.sketch.round"
Taken = Callable[[Setup, str], Setup]


def what(setup: Setup) -> None:
    """Choose what is drawn over, and the class that it is driven to."""
    spec = setup.visualize
    described = record(spec.model)
    names = {sketches.PREFIX + name: title(sketches.PREFIX + name) for name in sketches.SKETCHES}
    names |= {ref: title(ref) for ref in own_pictures.refs()}
    names |= gallery_names(described)
    if spec.start not in names:
        names[spec.start] = say("noise") if spec.start == "noise" else title(spec.start)
    st.selectbox(
        say("Draw over"),
        list(names),
        format_func=names.__getitem__,
        width=230,
        help=say("Sketches come first, then pictures that you brought, then photos."),
        **control("av.sketch", spec.start, begun_with),
    )
    st.selectbox(
        say("Make it a"),
        described.classes,
        format_func=class_names(described).__getitem__,
        width=150,
        help=say("The class whose score the drawing raises."),
        **control(
            "av.sketch.class",
            spec.drawn_class or described.classes[0],
            lambda s, name: changing("unit")(s, f"class:{name}"),
        ),
    )


def begun_with(setup: Setup, ref: str) -> Setup:
    """The set-up that draws over another picture; a sketch brings its class along."""
    if ref.startswith(sketches.PREFIX):
        return sketched(setup, ref.removeprefix(sketches.PREFIX))
    return changing("start")(setup, ref)


def where(setup: Setup) -> None:
    """Choose where the picture may change: everywhere, in a rectangle, or where a mask is light."""
    spec = setup.visualize
    kind = _kind(spec.region)
    names = {EVERYTHING: say("everywhere"), BOX: say("in a rectangle"), MASK: say("in a mask")}
    st.segmented_control(
        say("It may change"),
        list(names),
        required=True,
        format_func=names.__getitem__,
        help=say(
            "Outside of the region every pixel stays exactly as it is: a hard constraint, and no "
            "penalty that could be outweighed."
        ),
        **control("av.region.kind", kind, _of_kind),
    )
    if kind == BOX:
        left, top, width, height = regions.box(spec.region)
        _side(say("From left to right, %"), "x", (left, left + width))
        _side(say("From top to bottom, %"), "y", (top, top + height))
    if kind == MASK:
        refs = list(dict.fromkeys((spec.region, *own_pictures.refs())))
        st.selectbox(
            say("Mask: its light pixels"),
            refs,
            format_func=labelled(refs, title),
            width=200,
            **control("av.region.mask", spec.region, confined),
        )
    if kind != EVERYTHING:
        fills = {"picture": say("the picture"), "grey": say("grey"), "noise": say("noise")}
        bound = control("av.fill", spec.fill, changing("fill"))
        choose(say("The region begins as"), VisualizeSpec, "fill", bound, fills)


def _kind(region: str) -> str:
    if regions.is_whole(region):
        return EVERYTHING
    return BOX if region.startswith(BOX) else MASK


def _of_kind(setup: Setup, kind: str) -> Setup:
    if kind == MASK:
        brought = own_pictures.refs()
        if not brought:
            state.notice(say("Bring a mask first: a picture, light where the drawing may change."))
            return setup
        return confined(setup, brought[-1])
    return confined(setup, EVERYTHING if kind == EVERYTHING else MIDDLE)


def confined(setup: Setup, region: str) -> Setup:
    """The set-up that changes a region alone, by no more a pixel than it would the whole.

    Raises:
        InvalidInputError: a region that holds no pixel.
    """
    spec = replace(setup.visualize, region=region, step_size=AUTO)
    size = record(spec.model).input_size
    share = float(regions.mask(region, size).mean())
    eps = round(in_proportion(AUTO, SKETCH_BALL, size) * share**0.5, 2)
    return replace(setup, visualize=replace(spec, eps=eps))


def _side(label: str, axis: str, shown: tuple[int, int]) -> None:
    st.slider(
        label,
        0,
        100,
        step=5,
        width=220,
        **control(f"av.region.{axis}", shown, lambda s, ends: _moved(s, axis, ends)),
    )


def _moved(setup: Setup, axis: str, ends: tuple[int, int]) -> Setup:
    """The set-up with another edge of the rectangle, which keeps some width."""
    left, top, width, height = regions.box(setup.visualize.region)
    begin = min(ends[0], 95)
    size = max(ends[1] - begin, 5)
    left, width = (begin, size) if axis == "x" else (left, width)
    top, height = (begin, size) if axis == "y" else (top, height)
    return confined(setup, f"{BOX}{left},{top},{width},{height}")


def bring() -> None:
    """Bring a sketch or a mask of one's own, drawn in any program or on paper."""
    drawer = drawers.opened(say("Your own sketch or mask"), "av.sketch.more")
    if drawer is not None:
        with drawer:
            _uploaders()


def _uploaders() -> None:
    columns = st.columns(2)
    offers: tuple[tuple[str, str, Taken], ...] = (
        (say("Your sketch: PNG, JPEG or WebP"), "sketch", begun_with),
        (say("Your mask: light where the picture may change"), "mask", confined),
    )
    for column, (label, what, taken) in zip(columns, offers, strict=True):
        key = f"av.bring.{what}.{st.session_state.get(_ROUND, 0)}"
        column.file_uploader(
            label,
            type=["png", "jpg", "jpeg", "webp"],
            max_upload_size=MAX_BYTES // 10**6,
            key=key,
            on_change=_store,
            args=(key, taken),
        )
    st.caption(
        say(
            "Draw with any program, or photograph a drawing on paper. Pictures stay in this "
            "server's memory for a while; they are never written to disk."
        )
    )


def _store(key: str, taken: Taken) -> None:
    file = st.session_state[key]
    if file is None:
        return
    try:
        ref = uploads.store(file.getvalue())
    except AdvvizError as error:
        state.notice(say("{trouble}; your picture was not taken.", trouble=quote(str(error))))
    else:
        own_pictures.remember([ref])
        state.change(lambda setup: taken(setup, ref))
    own_pictures.let_go([file])
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def cards(setup: Setup) -> list[Card]:
    """Another sketch, another class for the same one, and a hole in a photo to be filled."""
    spec = setup.visualize
    names = list(sketches.SKETCHES)
    now = spec.start.removeprefix(sketches.PREFIX)
    following = names[(names.index(now) + 1) % len(names)] if now in names else names[0]
    classes = record(spec.model).classes
    place = classes.index(spec.drawn_class) if spec.drawn_class in classes else -1
    other = classes[(place + 1) % len(classes)]
    photo = setup.board.image
    shows = setup.true_class
    found: list[Card] = [
        (
            title(sketches.PREFIX + following),
            say("Another sketch: how much did you draw, and how much does the network add?"),
            lambda s: sketched(s, following),
        ),
        (
            say("Make it a {name}", name=class_names(record(spec.model))[other]),
            say("The same sketch, another class: which strokes stay, and which are drawn over?"),
            lambda s: changing("unit")(s, f"class:{other}"),
        ),
    ]
    if shows is not None:
        found.append(
            (
                say("Fill a hole in {title}", title=title(photo)),
                say("The middle is grey at first; the rest stays as it is, pixel for pixel."),
                lambda s: confined(
                    replace(
                        s,
                        visualize=replace(
                            s.visualize, start=photo, unit=f"class:{shows}", fill="grey"
                        ),
                    ),
                    MIDDLE,
                ),
            )
        )
    return found
