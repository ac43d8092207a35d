"""The widgets that every page has: picture, target, strength, model; and the upload."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from advviz.data import gallery, images, uploads
from advviz.experiments.parameters import UNTARGETED
from advviz.models.records import record
from advviz.ui import attack_controls, drawers, state, words
from advviz.ui.fields import on_board
from advviz.ui.setup import Setup
from advviz.ui.state import control

WHY = {
    "image": "Gallery pictures need no network; each carries its true class. What you choose "
    "follows you to every page.",
    "target": "The class that the attack drives the network to. Any wrong answer is easier to "
    "reach than one that you name.",
    "strength": "How far the picture may move: the radius of the ball that the attack searches. "
    "Raise it until the robust model gives way too.",
    "model": "Both models have the same architecture and the same data; the robust one was "
    "trained on attacked pictures. Each is attacked through its own gradients.",
}


def four(setup: Setup, models: Callable[[Setup], None]) -> DeltaGenerator:
    """The four visible controls in a row; returns the place of the button beside them.

    Args:
        setup: of the page.
        models: the control of the model, or of the models, that the page shows.
    """
    columns = st.columns([2.3, 1.5, 3, 1.8, 1], vertical_alignment="bottom")
    for column, show in zip(columns, (image, target, strength, models), strict=False):
        with column:
            show(setup)
    return columns[-1].empty()


def more(setup: Setup, label: str) -> None:
    """The drawer of everything else about the attack; and one's own picture."""
    drawer = drawers.opened(label, "av.more")
    if drawer is not None:
        with drawer:
            attack_controls.advanced(setup, setup.attack(setup.models[0]))
            upload(setup)


def image(setup: Setup) -> None:
    """Choose a gallery picture, or bring one."""
    refs = [f"sample:{sample.id}" for sample in gallery.samples()]
    current = setup.board.image
    st.selectbox(
        "Picture",
        refs if current in refs else [current, *refs],
        format_func=_image_words,
        help=WHY["image"],
        **control("av.image", current, lambda setup, ref: setup.with_image(ref)),
    )


def _image_words(ref: str) -> str:
    if not ref.startswith(images.SAMPLE_PREFIX):
        return "your picture"
    sample = gallery.sample(ref.removeprefix(images.SAMPLE_PREFIX))
    return f"{sample.true_class or 'no class of these'} · {sample.title}"


def upload(setup: Setup) -> None:
    """Bring a picture: it becomes the one that is shown, and is kept by its digest."""
    known = len(record(setup.board.standard).classes)
    st.file_uploader(
        "Your own picture (PNG, JPEG or WebP, up to 10 MB)",
        type=["png", "jpg", "jpeg", "webp"],
        key="av.upload",
        on_change=_store_upload,
    )
    st.caption(
        f"These models know {known} things, none of them people. The picture stays in this "
        "server's memory for a while, without its metadata; it is never written to disk."
    )


def _store_upload() -> None:
    file = st.session_state["av.upload"]
    if file is not None:
        state.change(lambda setup: setup.with_image(uploads.store(file.getvalue())))


def target(setup: Setup) -> None:
    """Choose the class to reach."""
    classes = record(setup.board.standard).classes
    offered = [name for name in classes if name != setup.true_class or name == setup.target]
    st.selectbox(
        "Target",
        [*offered, UNTARGETED],
        format_func=lambda name: "any other class" if name == UNTARGETED else name,
        help=WHY["target"],
        **control("av.target", setup.board.target, on_board("target")),
    )


def strength(setup: Setup) -> None:
    """Choose how far the picture may move, among stops; a free value joins them."""
    norm, eps = setup.board.norm, setup.board.eps
    st.select_slider(
        "Strength",
        sorted({*attack_controls.STOPS[norm], eps}),
        format_func=lambda value: words.strength(norm, value),
        help=WHY["strength"],
        **control("av.strength", eps, on_board("eps")),
    )


def rows(setup: Setup) -> None:
    """Choose the models on the board."""
    names = {"both": "both, side by side", "standard": "○ standard", "robust": "● robust"}
    st.selectbox(
        "Model",
        list(names),
        format_func=names.__getitem__,
        help=WHY["model"],
        **control("av.rows", setup.view.rows, lambda s, rows: s.with_view(rows=rows)),
    )


def model(setup: Setup) -> None:
    """Choose the one model of a page."""
    st.selectbox(
        "Model",
        [setup.board.standard, setup.board.robust],
        format_func=lambda name: " ".join(words.ROW[record(name).is_robust]).lower(),
        help=WHY["model"],
        **control("av.model", setup.model, lambda s, name: replace(s, model=name)),
    )
