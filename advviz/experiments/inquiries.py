"""Questions about one picture: how little fools, what survives, how the loss lies around it."""

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from advviz.attacks.catalogue import attack_named
from advviz.errors import InvalidInputError
from advviz.experiments import attack_choice, parameters
from advviz.experiments.parameters import UNTARGETED
from advviz.experiments.protocol import REFERENCE
from advviz.experiments.references import FromImage, image_key, made_by, pixels, true_class
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec
from advviz.fields import check, choice, number
from advviz.models.records import ModelRecord, record

GRIDS = ("11", "21", "41")
"""Points a side of a surface: each has the picture and the attacked picture among its points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallestSpec(FromImage):
    """The smallest change that fools, by any attack of the catalogue.

    The radius is bisected with an attack within a ball, whose step size `auto` follows it; an
    attack that looks for the smallest change by itself is run once.
    """

    kind: ClassVar[str] = "smallest"
    version: ClassVar[int] = 1
    makes: ClassVar[str] = "adversarial"

    model: str = parameters.model("model id; the search uses this model's gradients")
    image: str = parameters.image()
    target: str = parameters.target()
    norm: str = parameters.norm()
    tolerance: float = number(
        0.02, 0.001, 0.5, "bisection ends when its bracket is at most this share of its upper end"
    )
    steps: int = parameters.steps(20, "steps of projected gradient descent at each radius")
    step_size: float | str = parameters.step_size()
    random_start: bool = parameters.random_start()
    restarts: int = parameters.restarts()
    loss: str = parameters.loss()
    seed: int = parameters.seed()
    numerics: str = parameters.numerics()
    attack: str = attack_choice.attack()
    options: str = attack_choice.options()

    def __post_init__(self) -> None:
        """Refuse values out of range, and write the options in full."""
        check(self)
        attack_choice.settle(self)

    @property
    def params(self) -> Any:
        """Return the attack's parameters, as the catalogue declares them."""
        return attack_choice.params_of(self)

    def true_class(self, described: ModelRecord) -> str | None:
        """Return the class that the image is known to show."""
        return true_class(self.image, described)

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        described = record(self.model)
        if self.target != UNTARGETED:
            described.class_index(self.target)
        return {
            "image": image_key(self.image, described),
            "away from": self.true_class(described) if self.target == UNTARGETED else None,
            "target": self.target,
            "norm": self.norm,
            "tolerance": self.tolerance,
            "attack": self.attack,
            "attack version": attack_named(self.attack).version,
            **asdict(self.params),
            "seed": self.seed,
            "numerics": self.numerics,
        }

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin the search."""
        from advviz.experiments.inquiry_procedures import smallest_change

        described = record(self.model)
        return smallest_change(self, described, pixels(self.image, described, results), device)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefencesSpec(FromImage):
    """What a model says of a picture, and of its original, after simple defences."""

    kind: ClassVar[str] = "defences"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE

    model: str = parameters.model()
    image: str = parameters.image()
    seed: int = parameters.seed("of the noisy copies")

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        return {"image": image_key(self.image, record(self.model)), "seed": self.seed}

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin to try them; the original of an attacked picture is tried beside it."""
        from advviz.experiments.inquiry_procedures import defences

        tried = [pixels(self.image, record(self.model), results)]
        if isinstance(next(iter(made_by(self.image)), None), AttackSpec):
            tried.append(results[0].arrays["original"])
        return defences(self, tried, device)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceSpec(FromImage):
    """What a model says on a flat piece of pixel space around an attacked picture."""

    kind: ClassVar[str] = "surface"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE

    model: str = parameters.model()
    image: str = parameters.image()
    points: str = choice("21", GRIDS, "points a side of the grid")
    seed: int = parameters.seed("of the random direction")

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on.

        Raises:
            InvalidInputError: the image is not the result of an attack.
        """
        if not isinstance(next(iter(made_by(self.image)), None), AttackSpec):
            raise InvalidInputError(
                "a surface is drawn around the result of an attack, "
                f"got the image {self.image[:40]!r}; give result:LINK of an attack"
            )
        key = image_key(self.image, record(self.model))
        return {"image": key, "points": self.points, "seed": self.seed}

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin to ask."""
        from advviz.experiments.inquiry_procedures import surface

        return surface(self, results[0], device)
