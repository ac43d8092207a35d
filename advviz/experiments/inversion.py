"""Inversion as an experiment: a picture that a model sees as it sees another one."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from advviz.data import uploads
from advviz.errors import InvalidInputError
from advviz.experiments import parameters
from advviz.experiments.protocol import Spec
from advviz.experiments.references import image_key, made_by, pixels
from advviz.experiments.result import Result
from advviz.fields import check, count, number, text
from advviz.models.records import ModelRecord, record

NOISE, PENULTIMATE = "noise", "penultimate"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvertSpec:
    """A picture whose features in a layer equal those of another; or a strip between two.

    Reference: Engstrom et al., "Adversarial Robustness as a Prior for Learned Representations",
    2019, sections 4.1 and 5.2, arXiv:1906.00945.
    """

    kind: ClassVar[str] = "invert"
    version: ClassVar[int] = 1
    makes: ClassVar[str] = "picture"

    model: str = parameters.model()
    image: str = parameters.image()
    towards: str = text("a second image: the strip leads from one to the other", default="")
    start: str = text("noise, or an image as for an attack", default=NOISE)
    layer: str = text("layer whose features are reached, or penultimate", default=PENULTIMATE)
    pictures: int = count(5, 2, 9, "pictures of the strip, both ends included")
    step_size: float | str = number(
        0.0, 0.0, 100.0, "L2 length of the first step, which shrinks to nothing; auto: 1 at 64 "
        "pixels a side, in proportion", auto=True,
    )  # fmt: skip
    steps: int = parameters.steps(200, "steps of the search")
    seed: int = parameters.seed("of the starting noise")
    numerics: str = parameters.numerics()

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)

    @property
    def is_strip(self) -> bool:
        """Say whether there is a second picture."""
        return bool(self.towards)

    @property
    def is_personal(self) -> bool:
        """Say whether the second picture is somebody's own."""
        return uploads.PREFIX in self.towards

    def images(self) -> tuple[str, ...]:
        """List the pictures that take part: one or two to reach, then the start."""
        start = () if self.start == NOISE else (self.start,)
        return (self.image, *((self.towards,) if self.is_strip else ()), *start)

    def resolved_layer(self, described: ModelRecord) -> str:
        """Return the name of the layer.

        Raises:
            InvalidInputError: the model has no layer of that name, or names none.
        """
        named = described.penultimate if self.layer == PENULTIMATE else self.layer
        if named is None or named not in described.layers:
            known = ", ".join(described.layers) or "none"
            raise InvalidInputError(
                f"layer must be {PENULTIMATE} or one that {described.id} names ({known}), "
                f"got {self.layer!r}"
            )
        return named

    def resolved_step_size(self, described: ModelRecord) -> float:
        """Return the L2 length of the first step."""
        return parameters.in_proportion(self.step_size, 1.0, described.input_size)

    def true_class(self, _described: ModelRecord) -> str | None:
        """Return None: nobody knows what a drawing shows."""
        return None

    def prerequisites(self) -> tuple[Spec, ...]:
        """List the experiments whose results take part."""
        return tuple(made for image in self.images() for made in made_by(image))

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        described = record(self.model)
        values = {
            "image": image_key(self.image, described),
            "start": NOISE if self.start == NOISE else image_key(self.start, described),
            "layer": self.resolved_layer(described),
            "step_size": self.resolved_step_size(described),
            "steps": self.steps,
            "seed": self.seed,
            "numerics": self.numerics,
        }
        if self.is_strip:
            values |= {"towards": image_key(self.towards, described), "pictures": self.pictures}
        return values

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin the search."""
        from advviz.experiments.inversion_procedure import invert

        described, made = record(self.model), list(results)
        loaded = []
        for image in self.images():
            count = len(made_by(image))
            loaded.append(pixels(image, described, made[:count]))
            del made[:count]
        begin = None if self.start == NOISE else loaded.pop()
        return invert(self, described, loaded, begin, device)
