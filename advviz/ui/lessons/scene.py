"""What a figure of a chapter is drawn from, and what it consists of."""

from collections.abc import Callable
from dataclasses import dataclass

from advviz import pictures
from advviz.data import images
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result
from advviz.lessons.chapter import Experiment
from advviz.models.records import ModelRecord, record
from advviz.ui import figures
from advviz.ui.figures import Row, Tile, picture
from advviz.ui.language import say
from advviz.ui.running import Finds
from advviz.ui.setup import Setup
from advviz.ui.words import Reading, Verdict, reading, verdict

SIDE, PRESENTED = 192, 320
"""CSS pixels of a picture, for one reader and on the wall: 3 and 5 times 64."""


@dataclass(frozen=True, slots=True)
class Scene:
    """An experiment as it is set up, and how large it is drawn."""

    experiment: Experiment
    setup: Setup
    presenting: bool = False

    @property
    def side(self) -> int:
        """CSS pixels of a picture, where three stand side by side."""
        return PRESENTED if self.presenting else SIDE

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are shown."""
        return self.setup.models


def no_specs(_scene: Scene) -> tuple[Spec, ...]:
    """Have nothing computed."""
    return ()


def nothing(_scene: Scene, _finds: Finds) -> None:
    """Add nothing to a drawing."""


def original(scene: Scene, model: str) -> Tile:
    """The picture that everything starts from, as a model receives it."""
    described = record(model)
    pixels = images.load(scene.setup.board.image, described.input_size).pixels
    alt = say("the original picture")
    return Tile(picture(pictures.photo(pixels), alt, smooth=scene.setup.view.smooth), alt)


def before(scene: Scene) -> str:
    """What is seen while the student predicts: the picture, and which models are asked."""
    rows = []
    for model in scene.models:
        told = say("your prediction first")
        rows.append(
            Row(record(model), figures.strip(record(model), told), [original(scene, model)])
        )
    return figures.board([""], rows, side=scene.side)


@dataclass(frozen=True, slots=True)
class Figure:
    """How a kind of experiment is computed and drawn.

    Args:
        specs: what is computed.
        draw: HTML of what is known, however little.
        before: HTML of what is seen before the prediction.
        after: shows what HTML cannot do, once all is known.
    """

    specs: Callable[[Scene], tuple[Spec, ...]]
    draw: Callable[[Scene, Finds], str]
    before: Callable[[Scene], str] = before
    after: Callable[[Scene, Finds], None] = nothing


def judged(scene: Scene, described: ModelRecord, attack: Result) -> tuple[Verdict, Reading]:
    """The verdict on a model, and what it says of its attacked picture."""
    first = reading(attack.arrays["original_logits"], described.classes)
    last = reading(attack.arrays["logits"], described.classes)
    setup = scene.setup
    return verdict(first, last, setup.true_class, setup.target), last
