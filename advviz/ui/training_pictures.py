"""Weights and gradients of the training lab as pictures, while they form."""

from typing import Any

import numpy as np

from advviz import pictures
from advviz.experiments.lab_training import PARTNERS, LabTrainingSpec, described
from advviz.ui import figures
from advviz.ui.figures import Tile, picture, rich, tile
from advviz.ui.language import say
from advviz.ui.running import Finds, Shown
from advviz.ui.training_charts import Arrays

SAMPLE, SAMPLES = 80, 6  # CSS pixels of an image, and images in a line
SHOWN_FILTERS = 16


def known(shown: Shown) -> Arrays:
    """The arrays of a lab as far as they are known."""
    if shown.result is not None:
        return shown.result.arrays
    return shown.partial or {}


def draw(spec: LabTrainingSpec, finds: Finds, epoch: int | None) -> str:
    """Draw weights and gradients at an epoch; of a lab that runs, the newest."""
    arrays = known(finds[spec])
    if "weights" not in arrays:
        return figures.show("")
    place = _place(arrays["pictured_epochs"], epoch)
    number = int(arrays["pictured_epochs"][place])
    columns = "display:grid;grid-template-columns:repeat(auto-fit,minmax(30rem,1fr));gap:1rem 2rem"
    parts = (_gradients(spec, arrays, place, number), _weights(spec, arrays, place, number))
    cells = "".join(f"<div>{part}</div>" for part in parts)
    return figures.show(f'<div style="{columns}">{cells}</div>')


def _place(epochs: Any, wanted: int | None) -> int:
    found = np.flatnonzero(np.asarray(epochs) == wanted)
    return int(found[0]) if len(found) else len(epochs) - 1


def _gradients(spec: LabTrainingSpec, arrays: Arrays, place: int, epoch: int) -> str:
    """The samples, and for each network the gradient of its loss by their pixels."""
    photos = [_photo(image, SAMPLE) for image in arrays["samples"]]
    rows = _tiles(photos, SAMPLE, SAMPLES)
    for number, partner in enumerate(PARTNERS):
        gradients = arrays["gradients"][place, number]
        said = say("gradient of the {partner} network", partner=_word(partner))
        drawn = [_signed(each, SAMPLE, said) for each in gradients]
        accent = figures.accent(described(spec, partner))
        rows += f'<div class="{accent}">{_tiles(drawn, SAMPLE, SAMPLES)}</div>'
    words = say(
        "**Input gradients, epoch {epoch}.** Above: images that neither network was trained on; "
        "below: for the standard network ○, then for the robust one ●, where more ink would raise "
        "the loss (red) and lower it (blue), each picture on its own scale. Do strokes of the "
        "digit appear? A clearer gradient is not a proof of robustness.",
        epoch=epoch,
    )
    return f"{rows}{caption(words)}"


def _weights(spec: LabTrainingSpec, arrays: Arrays, place: int, epoch: int) -> str:
    """The weights of each network's first layer."""
    rows = ""
    for number, partner in enumerate(PARTNERS):
        weights = arrays["weights"][place, number][:SHOWN_FILTERS]
        said = say("weights of the {partner} network", partner=_word(partner))
        side, columns = (64, 5) if spec.network == "linear" else (48, 8)
        drawn = [_signed(each, side, said) for each in weights]
        accent = figures.accent(described(spec, partner))
        rows += f'<div class="{accent}">{_tiles(drawn, side, columns)}</div>'
    if spec.network == "linear":
        words = say(
            "**Weights, epoch {epoch}: one picture a class,** standard ○ above, robust ● below. "
            "Red pixels speak for the class, blue ones against it. The standard network uses "
            "every pixel that helps a little; the robust one must do without those that an "
            "attacker can flip. They are the whole network: here nothing else is to be seen.",
            epoch=epoch,
        )
    else:
        words = say(
            "**First filters, epoch {epoch},** standard ○ above, robust ● below: what the first "
            "layer looks for in 3 × 3 pixels, red for ink, blue against it. Both began with the "
            "same ones. They are a small part of the network and say little about its answers.",
            epoch=epoch,
        )
    return f"{rows}{caption(words)}"


def _word(partner: str) -> str:
    return say("standard") if partner == "standard" else say("robust")


def _tiles(drawn: list[str], side: int, columns: int) -> str:
    """Pictures in lines of so many."""
    lines = [drawn[first : first + columns] for first in range(0, len(drawn), columns)]
    body = "".join(
        f'<div class="av-tiles">{"".join(tile(Tile(each)) for each in line)}</div>'
        for line in lines
    )
    return f'<div class="av-board" style="--av-columns:{columns};--av-side:{side}px">{body}</div>'


def _photo(image: Any, side: int) -> str:
    """A sample; ink on paper, where it has one channel."""
    pixels = np.repeat(1 - image, 3, axis=0) if len(image) == 1 else image
    return picture(pictures.photo(pixels), say("a held-out image"), side)


def _signed(values: Any, side: int, said: str) -> str:
    return picture(pictures.signed(values), said, side)


def caption(text: str) -> str:
    """What stands under a figure."""
    return figures.show(f'<p class="av-quiet">{rich(text)}</p>')
