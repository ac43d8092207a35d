"""The widgets of what is shown, and how; nothing here changes a number."""

from typing import Any

import streamlit as st

from advviz.ui.fields import on_board
from advviz.ui.language import labelled, say, term
from advviz.ui.setup import Setup
from advviz.ui.state import control
from advviz.ui.view import GAINS
from advviz.ui.why import why


def gain(setup: Setup) -> None:
    """Amplify the drawn perturbation; the true change stays as it is."""
    st.segmented_control(
        say("Draw the change"),
        GAINS,
        required=True,
        format_func=lambda gain: f"×{gain}",
        help=say(
            "At ×1 the change is drawn as it is: flat grey to the eye. Both rows share the gain."
        )
        + why("attack"),
        **_viewed(setup, "gain"),
    )


def drawing(setup: Setup) -> None:
    """Choose how gradients are drawn."""
    names = {"ink": say("ink"), "rgb": "RGB", "signed": say("± red, blue")}
    st.segmented_control(
        say("Draw maps as"),
        list(names),
        required=True,
        format_func=names.__getitem__,
        help=say(
            "Ink: size alone. RGB: the tutorial's colours. ±: red where brighter raises the "
            "objective, blue where darker does."
        )
        + why("maps"),
        **_viewed(setup, "draw"),
    )


def scale(setup: Setup) -> None:
    """Choose which maps share a scale."""
    st.segmented_control(
        say("One scale per"),
        ["picture", "model", "all"],
        required=True,
        format_func=labelled(("picture", "model", "all"), term),
        help=say(
            "Robust gradients are much smaller; on one scale for all, a row goes blank. Per "
            "model: the clean and the attacked picture share one. RGB always scales itself."
        )
        + why("maps"),
        **_viewed(setup, "scale"),
    )


def explained(setup: Setup) -> None:
    """Choose the class that the maps are for."""
    st.segmented_control(
        say("Explain for class"),
        list(setup.roles),
        required=True,
        format_func=labelled(setup.roles, term),
        help=say(
            "One picture, several questions: what moves the score of the true class, of the "
            "class that the network says, or of the target."
        )
        + why("maps"),
        **control("av.explained", setup.role, Setup.with_explained),
    )


def explained_image(setup: Setup) -> None:
    """Choose the picture that the maps are of."""
    st.segmented_control(
        say("Maps of the picture"),
        ["original", "attacked"],
        required=True,
        format_func=labelled(("original", "attacked"), term),
        help=say("The maps of the picture before the attack, or of the one after it.")
        + why("maps"),
        **control("av.maps_of", setup.board.explained_image, on_board("explained_image")),
    )


def noise(setup: Setup) -> None:
    """Add the control: does random noise of the same size do the same?"""
    st.toggle(
        say("Random noise ×100"),
        help=say("Is it just noise? A hundred random changes of the attack's size, on both models.")
        + why("attack"),
        **_viewed(setup, "noise"),
    )


def untrained(setup: Setup) -> None:
    """Add the control of maps: how do they look on a network that has learned nothing?"""
    st.toggle(
        say("Random weights beside"),
        help=say(
            "Does a map show what the network has learned? The same maps of the same network "
            "before any training: what stays there does not come from learning."
        )
        + why("smoothgrad"),
        **_viewed(setup, "untrained"),
    )


def transfer(setup: Setup) -> None:
    """Show each model the picture that was made to fool the other one."""
    st.toggle(
        say("Try the other model's image (transfer)"),
        help=say(
            "By default each model is attacked through its own gradients. Here each is shown the "
            "picture that was made to fool the other one."
        )
        + why("features"),
        **_viewed(setup, "transfer"),
    )


def smooth(setup: Setup) -> None:
    """Interpolate the enlarged pictures."""
    st.toggle(
        say("Smooth for viewing only"),
        help=say("Interpolate the enlarged pictures. The network sees the pixels, not this.")
        + why("attack"),
        **_viewed(setup, "smooth"),
    )


def _viewed(setup: Setup, name: str) -> dict[str, Any]:
    return control(
        f"av.{name}", getattr(setup.view, name), lambda s, value: s.with_view(**{name: value})
    )
