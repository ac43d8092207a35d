"""Sketches that come with advviz, drawn by its own code: something to finish for a network.

They are as crude as a finger on a telephone draws them: a few shapes of plain colour. Nothing
is copied from anywhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from PIL import Image, ImageDraw

from advviz.errors import UnknownNameError

PREFIX = "sketch:"
SIDE = 512
"""Pixels a side of a sketch before it is brought to what a network receives."""

Pen = ImageDraw.ImageDraw


def draw(name: str) -> Image.Image:
    """Draw a sketch, of mode RGB.

    Raises:
        UnknownNameError: there is no such sketch.
    """
    if name not in SKETCHES:
        raise UnknownNameError(
            f"there is no sketch {name[:40]!r}; choose one of: {', '.join(SKETCHES)}"
        )
    sketch = SKETCHES[name]
    image = Image.new("RGB", (SIDE, SIDE), sketch.paper)
    sketch.strokes(ImageDraw.Draw(image))
    return image


def _fish(pen: Pen) -> None:
    pen.ellipse((110, 170, 380, 350), fill=(235, 125, 35))
    pen.polygon([(360, 260), (465, 175), (465, 345)], fill=(235, 125, 35))
    pen.ellipse((160, 225, 190, 255), fill=(20, 20, 20))


def _animal(pen: Pen) -> None:
    brown = (150, 105, 65)
    pen.rectangle((0, 400, SIDE, SIDE), fill=(95, 140, 70))
    pen.ellipse((110, 195, 365, 330), fill=brown)
    pen.ellipse((320, 105, 445, 225), fill=brown)
    for left in (135, 185, 290, 330):
        pen.rectangle((left, 300, left + 30, 430), fill=brown)
    pen.line([(120, 235), (60, 160)], fill=brown, width=26)
    pen.ellipse((395, 145, 413, 163), fill=(20, 20, 20))


def _bridge(pen: Pen) -> None:
    grey = (120, 105, 95)
    pen.rectangle((0, 360, SIDE, SIDE), fill=(70, 110, 150))
    pen.rectangle((0, 255, SIDE, 295), fill=grey)
    for left in (100, 370):
        pen.rectangle((left, 130, left + 40, 420), fill=grey)
    pen.line([(0, 250), (120, 135), (256, 245), (390, 135), (SIDE, 250)], fill=grey, width=10)


@dataclass(frozen=True, slots=True)
class Sketch:
    """A sketch: what it is called, its paper and its strokes.

    Args:
        title: for people.
        asks: the class that its maker had in mind.
        paper: RGB in 0 to 255.
        strokes: draws it on 512 x 512 pixels.
    """

    title: str
    asks: str
    paper: tuple[int, int, int]
    strokes: Callable[[Pen], None]


SKETCHES: Mapping[str, Sketch] = MappingProxyType(
    {
        "fish": Sketch("Orange fish on blue", "goldfish", (40, 90, 140), _fish),
        "animal": Sketch("Brown animal on grass", "dog", (165, 200, 225), _animal),
        "bridge": Sketch("Bridge over water", "bridge", (190, 205, 220), _bridge),
    }
)
