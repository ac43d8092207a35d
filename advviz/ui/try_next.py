"""What to try next on the pages that are not Compare: three cards, each changing one thing."""

from dataclasses import replace

from advviz.experiments.specs import VisualizeSpec
from advviz.models.records import record
from advviz.ui import combine_controls, inversion_controls, notes, sketch_controls
from advviz.ui.language import say, term
from advviz.ui.notes import Card
from advviz.ui.setup import Setup
from advviz.ui.story_figures import name


def attack(setup: Setup) -> None:
    """Offer another strength, another picture, another model."""
    strength, picture, _ = notes.cards(setup)
    other = setup.other(setup.model)
    if other == setup.model:
        notes.try_next(setup)
        return
    model: Card = (
        say("Model: {name}", name=name(other)),
        say("The same attack through the other network's gradients. Does it give way sooner?"),
        lambda s: s.with_model(other),
    )
    notes.try_next(setup, (strength, picture, model))


def maps(setup: Setup) -> None:
    """Offer the control of maps, another picture, another question."""
    strength, picture, question = notes.cards(setup)
    control: Card = (
        say("Random weights beside"),
        say("The same maps of a network that has learned nothing. Which ones stay as they are?"),
        lambda s: s.with_view(untrained=True),
    )
    notes.try_next(setup, (strength if setup.view.untrained else control, picture, question))


def drawing(setup: Setup) -> None:
    """Offer another class, a photo as the start, another way of drawing; or a mode's own cards."""
    spec = setup.visualize
    of_mode = {
        "combine": combine_controls.cards,
        "invert": inversion_controls.cards,
        "draw": sketch_controls.cards,
    }
    if setup.view.drawing in of_mode:
        notes.try_next(setup, of_mode[setup.view.drawing](setup))
        return
    notes.try_next(setup, (_class(spec), _start(setup, spec), _method(spec)))


def _class(spec: VisualizeSpec) -> Card:
    classes = record(spec.model).classes
    drawn = spec.unit.removeprefix("class:")
    place = classes.index(drawn) if drawn in classes else -1
    following = classes[(place + 1) % len(classes)]
    return (
        say("Draw {named}", named=term(following)),
        say("The same drawing of another class. Can you name it without the caption?"),
        lambda s: replace(s, visualize=replace(s.visualize, unit=f"class:{following}")),
    )


def _start(setup: Setup, spec: VisualizeSpec) -> Card:
    start = "noise" if spec.starts_from_image else setup.board.image
    label = say("Start from noise") if start == "noise" else say("Start from a photo")
    why = say("The same goal from another start: what stays of it, and what was only the start?")
    return label, why, lambda s: replace(s, visualize=replace(s.visualize, start=start))


def _method(spec: VisualizeSpec) -> Card:
    method = {"ascent": "fourier", "fourier": "maco", "maco": "ascent"}[spec.method]
    names = {
        "ascent": say("Plain ascent"),
        "fourier": say("Draw with a prior"),
        "maco": say("Draw by phases alone (MACO)"),
    }
    label = names[method]
    why = say("The same class, drawn otherwise: what comes from the network, what from the prior?")
    return label, why, lambda s: replace(s, visualize=replace(s.visualize, method=method))
