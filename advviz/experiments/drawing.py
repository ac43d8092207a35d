"""Feature visualization as an experiment: pictures that excite something, by three methods."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from advviz.data import images, uploads
from advviz.data.spectrum import GALLERY, spectrum
from advviz.errors import InvalidInputError
from advviz.experiments import parameters, regions, units
from advviz.experiments.protocol import Spec
from advviz.experiments.references import image_key, made_by, pixels
from advviz.experiments.regions import EVERYTHING
from advviz.experiments.result import Result
from advviz.fields import added, check, choice, count, number, text
from advviz.models.records import ModelRecord, record

ASCENT, FOURIER, MACO = "ascent", "fourier", "maco"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisualizeSpec:
    """A picture that excites a class, a unit, a channel or a direction, or a sum of these."""

    kind: ClassVar[str] = "visualize"
    version: ClassVar[int] = 3
    makes: ClassVar[str] = "picture"

    model: str = text("model id")
    unit: str = text(
        "class:NAME, unit:N of the penultimate layer, channel:LAYER:N, dot:LAYER:VECTOR, "
        "cosine:LAYER:VECTOR, or a sum: class:cat - 0.5 class:dog"
    )
    start: str = text("ascent: noise, or an image as for an attack", default="noise")
    score: str = added(
        choice(
            "log-probability", ("log-probability", "logit"),
            "of a class: the logarithm of its probability, which other classes lower, or its logit",
        ),
        absent="logit",
    )  # fmt: skip
    method: str = choice(
        ASCENT, (ASCENT, FOURIER, MACO), "plain ascent, regularized, or by phase alone"
    )
    eps: float | str = number(
        0.0, 0.0, 1000.0, "ascent: L2 radius of the ball; auto: 40 at 64 pixels a side, in "
        "proportion", auto=True,
    )  # fmt: skip
    step_size: float | str = number(
        0.0, 0.0, 100.0, "ascent: L2 length of a step; auto: 0.5 at 64 pixels a side, in "
        "proportion", auto=True,
    )  # fmt: skip
    steps: int = parameters.steps(100, "steps of the ascent")
    seed: int = parameters.seed("of the starting noise")
    numerics: str = parameters.numerics()
    pictures: int = added(count(1, 1, 9, "pictures at once, each from noise of its own"), absent=1)
    diversity: float = added(
        number(0.75, 0.0, 2.0, "of several pictures: how strongly they are pushed apart, in "
        "lengths of the step that raises the objective; from about 1 on, the push wins"),
        absent=0.75,
    )  # fmt: skip
    region: str = added(
        text(
            "ascent from a picture: everything, box:LEFT,TOP,WIDTH,HEIGHT in percent, or a mask "
            "image, whose light pixels may move",
            default=EVERYTHING,
        ),
        absent=EVERYTHING,
    )
    fill: str = added(
        choice("picture", ("picture", "grey", "noise"), "what the region holds at first"),
        absent="picture",
    )
    spectrum: str = added(
        text("maco: photos whose spectrum is kept: gallery, or images by comma", default=GALLERY),
        absent=GALLERY,
    )
    crops: int = added(count(8, 1, 64, "maco: crops that the network sees at each step"), absent=8)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)

    @property
    def drawn_class(self) -> str | None:
        """Return the class that is raised, where that is all."""
        return units.class_of(self.unit)

    @property
    def raises_probability(self) -> bool:
        """Say whether a class is drawn by the logarithm of its probability; units have none."""
        return self.score == "log-probability" and units.has_class(self.unit)

    @property
    def starts_from_image(self) -> bool:
        """Say whether a picture is drawn over; the other methods always start from noise."""
        return self.method == ASCENT and self.start != "noise"

    @property
    def is_personal(self) -> bool:
        """Say whether somebody's own picture takes part other than as the start."""
        named = (self.unit, self.region, self.spectrum)
        return any(uploads.PREFIX in name for name in named)

    def resolved_sizes(self, described: ModelRecord) -> tuple[float, float]:
        """Return the radius of the ball and the length of a step, both L2.

        An L2 norm grows with the side of a picture whose every pixel changes alike, and with the
        root of the share of them that changes: what is `auto` follows both.
        """
        part = 1.0
        if self.starts_from_image and not regions.is_whole(self.region):
            part = regions.mask(self.region, described.input_size).mean() ** 0.5
        return (
            parameters.in_proportion(self.eps, 40.0 * part, described.input_size),
            parameters.in_proportion(self.step_size, 0.5 * part, described.input_size),
        )

    def true_class(self, _described: ModelRecord) -> str | None:
        """Return None: nobody knows what a drawing shows."""
        return None

    def prerequisites(self) -> tuple[Spec, ...]:
        """List the experiment whose result is the start."""
        return made_by(self.start) if self.starts_from_image else ()

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on.

        What came later is named only where it is used: results from before it keep their keys.
        """
        described = record(self.model)
        units.check_unit(self.unit, described)
        begin = image_key(self.start, described) if self.starts_from_image else "noise"
        values = {"unit": self.unit, "start": begin, "method": self.method, "steps": self.steps}
        if self.method == ASCENT:
            eps, step_size = self.resolved_sizes(described)
            values |= {"eps": eps, "step_size": step_size}
        if self.raises_probability:
            values["score"] = self.score
        values |= self._directions(described) | self._region(described)
        if self.method == MACO:
            found = spectrum(self.spectrum, described.input_size)
            values |= {"spectrum": found.digest, "crops": self.crops}
        if self.pictures > 1:
            values |= {"pictures": self.pictures, "diversity": self.diversity}
        return {**values, "seed": self.seed, "numerics": self.numerics}

    def _directions(self, described: ModelRecord) -> dict[str, Any]:
        """Return the digests of the pictures whose features are directions."""
        size, named = described.input_size, units.pictures_of(self.unit)
        found = {ref: images.load(ref, size).digest for ref in named}
        return {"directions": found} if found else {}

    def _region(self, described: ModelRecord) -> dict[str, Any]:
        if regions.is_whole(self.region):
            return {}
        if not self.starts_from_image:
            raise InvalidInputError(
                "a region is of a picture that plain ascent draws over; give a start, or the "
                "region everything"
            )
        return {"region": regions.key(self.region, described), "fill": self.fill}

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin the drawing."""
        from advviz.experiments.drawing_procedures import visualize

        described = record(self.model)
        begin = pixels(self.start, described, results) if self.starts_from_image else None
        return visualize(self, described, begin, device)
