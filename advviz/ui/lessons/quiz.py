"""The blind quiz: which of three maps knows the network, which a random one, which none at all?"""

from dataclasses import replace
from random import Random

import numpy as np
from numpy.typing import NDArray

from advviz import pictures
from advviz.data import images
from advviz.experiments.protocol import Spec
from advviz.experiments.specs import ExplainSpec
from advviz.models.randomized import SEEDS, random_copy
from advviz.models.records import record
from advviz.ui import figures
from advviz.ui.figures import Row, Tile, picture, rich
from advviz.ui.language import say
from advviz.ui.lessons.scene import Figure, Scene, original
from advviz.ui.running import Finds

KINDS = ("trained", "random", "edges")
LETTERS = ("A", "B", "C")


def options() -> tuple[str, ...]:
    """What a map can be, in the order of `KINDS`."""
    return (
        say("the trained network"),
        say("the same network with random weights"),
        say("an edge detector, which knows no network"),
    )


def order(scene: Scene) -> tuple[str, ...]:
    """Which kind hides behind each letter: drawn by the seed, and by nothing else."""
    found = list(KINDS)
    Random(f"quiz {scene.setup.board.seed}").shuffle(found)
    return tuple(found)


def truth(scene: Scene) -> dict[str, int]:
    """The right option for each letter."""
    return {letter: KINDS.index(kind) for letter, kind in zip(LETTERS, order(scene), strict=True)}


def _specs_by_kind(scene: Scene) -> dict[str, ExplainSpec]:
    setup = scene.setup
    trained = setup.explain_on(setup.model, "smoothgrad", "original")
    copy = random_copy(setup.model, setup.board.seed % SEEDS)
    return {"trained": trained, "random": replace(trained, model=copy)}


def _specs(scene: Scene) -> tuple[Spec, ...]:
    return tuple(_specs_by_kind(scene).values())


def _edges(scene: Scene) -> NDArray[np.float64]:
    size = record(scene.setup.model).input_size
    return pictures.sobel(images.load(scene.setup.board.image, size).pixels)


def _tiles(scene: Scene, finds: Finds, *, named: bool) -> list[Tile]:
    specs, edges = _specs_by_kind(scene), _edges(scene)
    names = dict(zip(KINDS, options(), strict=True))
    tiles = [original(scene, scene.setup.model)]
    for letter, kind in zip(LETTERS, order(scene), strict=True):
        gradient = edges
        if kind in specs:
            shown = finds[specs[kind]]
            if shown.result is None:
                tiles.append(Tile(shown.content, letter))
                continue
            gradient = shown.result.arrays["gradient"]
        said = f"**{letter}**"
        if named:
            alike = pictures.rank_correlation(gradient, edges)
            said += f": {names[kind]}"
            said += "" if kind == "edges" else say(" · like the edges: {r}", r=f"{alike:.2f}")
        tiles.append(Tile(picture(pictures.absolute_ink(gradient), say("a map")), said))
    return tiles


def blind(scene: Scene, finds: Finds) -> str:
    """The three maps without their names."""
    return _board(scene, _tiles(scene, finds, named=False), say("which map is which?"), "")


def _solved(scene: Scene, finds: Finds) -> str:
    told = say(
        "“Like the edges” is the rank correlation with the edge detector: 1 would be the same "
        "order of pixels. A map that stays when all weights are thrown away cannot show what was "
        "learned; that it changes does not prove that it tells the truth."
    )
    return _board(scene, _tiles(scene, finds, named=True), say("what was behind the letters"), told)


def _board(scene: Scene, tiles: list[Tile], verdict: str, told: str) -> str:
    described = record(scene.setup.model)
    row = Row(described, figures.strip(described, verdict), tiles)
    side = 240 if scene.presenting else scene.side
    drawn = figures.board(("", *LETTERS), [row], side=side)
    below = f'<p class="av-quiet av-below">{rich(told)}</p>' if told else ""
    return drawn + figures.show(below)


QUIZ = Figure(_specs, _solved)
