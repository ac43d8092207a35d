"""Keeping what a lab has trained: on the shelf of models, for every page."""

from typing import Any

import numpy as np
import streamlit as st

from advviz.data import uploads
from advviz.errors import AdvvizError
from advviz.experiments.lab_training import PARTNERS, LabTrainingSpec, kept
from advviz.experiments.result import Result
from advviz.ui import model_uploads, own_pictures, pairs, state
from advviz.ui.language import say

SHOWN, ONWARD = 3, 5
"""The sample that the pages show first, and how many classes on its target is: of a 3, the 8."""
Pixels = np.ndarray[Any, np.dtype[np.float32]]


def offer(spec: LabTrainingSpec, result: Result) -> None:
    """Offer to keep both networks, and say what that means."""
    st.subheader(say("Use them on every page"))
    st.button(
        say("Keep both models"),
        key="av.training.keep",
        icon=":material/keep:",
        on_click=_keep,
        args=(spec, result),
    )
    pairs.told()
    words = say(
        "All pages then show this pair under the attack of this page, with images that neither "
        "was trained on among your pictures: {size} × {size} pixels. They stay in this server's "
        "memory for a while; who has your link can use them. The command line keeps them for good, "
        "with --save.",
        size=result.arrays["samples"].shape[-1],
    )
    if spec.eps_in_rgb != spec.eps:
        words += " " + say(
            "The pages attack three equal channels, where the strength {eps} of this page is "
            "{rgb}: choose strengths √3 times as large there.",
            eps=f"{spec.eps:g}",
            rgb=f"{spec.eps_in_rgb:.3g}",
        )
    st.caption(words)


def _keep(spec: LabTrainingSpec, result: Result) -> None:
    from advviz.labs.trained import keep

    try:
        ids = [keep(*kept(spec, result, partner)).id for partner in PARTNERS]
        pictures = [uploads.store_exact(_in_colour(each)) for each in result.arrays["samples"]]
    except AdvvizError as error:
        state.notice(f"{error}; nothing was kept.")
        return
    model_uploads.remember(ids)
    own_pictures.remember(pictures)
    pairs.use(*ids)
    label = int(result.arrays["sample_labels"][SHOWN])
    classes = result.facts["classes"]
    asked = {
        "image": pictures[SHOWN],
        "target": classes[(label + ONWARD) % len(classes)],
        "norm": spec.norm,
        "eps": spec.eps_in_rgb,
    }
    state.change(lambda setup: setup.with_board(**asked))


def _in_colour(image: Pixels) -> Pixels:
    """Return an image as the pages have it, [3, S, S]."""
    channels = np.repeat(image, 3, axis=0) if len(image) == 1 else image
    return np.ascontiguousarray(channels, np.float32)
