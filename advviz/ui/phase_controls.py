"""The widgets of MACO: whose spectrum is kept, and how many crops the network sees."""

import streamlit as st

from advviz.data.spectrum import GALLERY, LARGEST
from advviz.ui import own_pictures
from advviz.ui.combine_controls import changing, number
from advviz.ui.language import say
from advviz.ui.picture_choice import title
from advviz.ui.setup import Setup
from advviz.ui.state import control


def phases(setup: Setup) -> None:
    """Choose the photos whose spectrum is kept, and the crops; nothing for other methods."""
    spec = setup.visualize
    if spec.method != "maco":
        return
    image, own = setup.board.image, own_pictures.refs()[-LARGEST:]
    names = {GALLERY: say("the photos of the gallery"), image: title(image)}
    if own:
        names[",".join(own)] = say("your {n} pictures", n=len(own))
    names.setdefault(spec.spectrum, say("{n} pictures", n=len(spec.spectrum.split(","))))
    st.selectbox(
        say("Spectrum of"),
        list(names),
        format_func=names.__getitem__,
        width=230,
        help=say(
            "How strong each frequency is in the drawing stays as it is on average in these "
            "photos; only where things are, the phase, is searched."
        ),
        **control("av.spectrum", spec.spectrum, changing("spectrum")),
    )
    number(setup, say("Crops"), "crops", 1)
