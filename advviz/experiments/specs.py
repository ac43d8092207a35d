"""Experiments: everything a user has set up, in one frozen dataclass each.

From a spec come the cache key, the permalink, the command line and the Python snippet. A
spec holds data alone; `procedure` imports what computes when it is called, so that pages
can make specs without loading torch.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from advviz.data import gallery, images, uploads
from advviz.errors import InvalidInputError
from advviz.experiments.codec import from_link
from advviz.experiments.fields import AUTO, check, choice, count, number, switch, text
from advviz.experiments.result import Result
from advviz.experiments.units import parse_unit
from advviz.models.records import ModelRecord, record

REFERENCE, FAST = "reference", "fast"
UNTARGETED = "any"
PREDICTED = "predicted"
RESULT = "result:"
_IMAGE_HELP = "sample:ID, sha256:DIGEST of an upload, or result:LINK of an attack or a drawing"


class Spec(Protocol):
    """What the engine needs to know of an experiment."""

    kind: ClassVar[str]
    version: ClassVar[int]

    @property
    def model(self) -> str:
        """Name the model that answers."""
        ...

    @property
    def numerics(self) -> str:
        """Name who answers queries that are not exact: "reference", or a "fast" copy."""
        ...

    def prerequisites(self) -> tuple["Spec", ...]:
        """List the experiments whose results this one starts from."""
        ...

    def resolved(self) -> dict[str, Any]:
        """Return every value that the result depends on: no "auto", digests for images."""
        ...

    def procedure(self, results: Sequence[Result]) -> Generator[Any, Any, Result]:
        """Begin the computation, given the prerequisites' results."""
        ...


def _numerics() -> Any:
    return choice(
        REFERENCE,
        (REFERENCE, FAST),
        "reference: the model as it is; fast: a copy of it chooses the directions",
    )


class _OfImage:
    """What every spec that starts from an image has in common."""

    __slots__ = ()
    model: str
    image: str

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)

    def prerequisites(self) -> tuple[Spec, ...]:
        """List the experiment whose result is the image."""
        return made_by(self.image)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictSpec(_OfImage):
    """What a model says of an image."""

    kind: ClassVar[str] = "predict"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE

    model: str = text("model id")
    image: str = text(_IMAGE_HELP)

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        return {"image": image_key(self.image, record(self.model))}

    def procedure(self, results: Sequence[Result]) -> Generator[Any, Any, Result]:
        """Ask for the logits."""
        from advviz.experiments.procedures import predict

        return predict(pixels(self.image, record(self.model), results))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackSpec(_OfImage):
    """An adversarial example by projected gradient descent."""

    kind: ClassVar[str] = "attack"
    version: ClassVar[int] = 1

    model: str = text("model id; the attack uses this model's gradients")
    image: str = text(_IMAGE_HELP)
    target: str = text("class to reach, or any for an untargeted attack", default=UNTARGETED)
    norm: str = choice("l2", ("l2", "linf"), "norm of the ball")
    eps: float = number(1.0, 0.0, 100.0, "radius of the ball, pixels in [0, 1]")
    steps: int = count(20, 1, 1000, "steps of projected gradient descent")
    step_size: float | str = number(
        0.0, 0.0, 100.0, "length of a step; auto: 2.5 eps / steps", auto=True
    )
    random_start: bool = switch(False, "start at a random point of the ball")
    restarts: int = count(1, 1, 50, "independent searches; more than 1 start at random points")
    loss: str = choice(
        "cross-entropy", ("cross-entropy", "logit", "margin"), "what the search raises"
    )
    early_stop: bool = switch(False, "stop at the first success")
    seed: int = count(0, 0, 2**31 - 1, "of all random numbers")
    numerics: str = _numerics()

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)
        if self.norm == "linf" and self.eps > 1:
            raise InvalidInputError(f"eps must lie in [0, 1] in linf, got {self.eps}")

    @property
    def resolved_step_size(self) -> float:
        """Return the length of a step in the ball's norm."""
        return 2.5 * self.eps / self.steps if self.step_size == AUTO else float(self.step_size)

    @property
    def resolved_random_start(self) -> bool:
        """Say whether the search starts at a random point; restarts imply it."""
        return self.random_start or self.restarts > 1

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        described = record(self.model)
        if self.target != UNTARGETED:
            described.class_index(self.target)
        return {
            "image": image_key(self.image, described),
            "away from": true_class(self.image, described) if self.target == UNTARGETED else None,
            "target": self.target,
            "norm": self.norm,
            "eps": self.eps,
            "steps": self.steps,
            "step_size": self.resolved_step_size,
            "random_start": self.resolved_random_start,
            "restarts": self.restarts,
            "loss": self.loss,
            "early_stop": self.early_stop,
            "seed": self.seed,
            "numerics": self.numerics,
        }

    def procedure(self, results: Sequence[Result]) -> Generator[Any, Any, Result]:
        """Begin the attack."""
        from advviz.experiments.procedures import attack

        described = record(self.model)
        return attack(self, described, pixels(self.image, described, results))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainSpec(_OfImage):
    """A saliency map of one class's score."""

    kind: ClassVar[str] = "explain"
    version: ClassVar[int] = 1

    model: str = text("model id")
    image: str = text(_IMAGE_HELP)
    method: str = choice("gradient", ("gradient", "smoothgrad"), "saliency method")
    explained: str = text("class to explain, or predicted", default=PREDICTED)
    objective: str = choice(
        "cross-entropy", ("cross-entropy", "logit"), "score whose gradient is taken"
    )
    samples: int = count(50, 1, 1000, "SmoothGrad: noisy copies")
    sigma: float = number(0.15, 0.0, 10.0, "SmoothGrad: standard deviation of the noise")
    sigma_unit: str = choice(
        "range", ("range", "absolute"), "SmoothGrad: sigma of the image's range, or in pixels"
    )
    magnitude: str = choice("signed", ("signed", "squared"), "SmoothGrad: what is averaged")
    seed: int = count(0, 0, 2**31 - 1, "SmoothGrad: of the noise")
    numerics: str = _numerics()

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on: a gradient has no samples or seed."""
        described = record(self.model)
        if self.explained != PREDICTED:
            described.class_index(self.explained)
        values = {
            "image": image_key(self.image, described),
            "method": self.method,
            "explained": self.explained,
            "objective": self.objective,
        }
        if self.method == "smoothgrad":
            values |= {
                "samples": self.samples,
                "sigma": self.sigma,
                "sigma_unit": self.sigma_unit,
                "magnitude": self.magnitude,
                "seed": self.seed,
                "numerics": self.numerics,
            }
        return values

    def procedure(self, results: Sequence[Result]) -> Generator[Any, Any, Result]:
        """Begin the explanation."""
        from advviz.experiments.procedures import explain

        described = record(self.model)
        return explain(self, described, pixels(self.image, described, results))


@dataclass(frozen=True, slots=True, kw_only=True)
class VisualizeSpec:
    """A picture that excites a class, a unit, or a channel."""

    kind: ClassVar[str] = "visualize"
    version: ClassVar[int] = 2

    model: str = text("model id")
    unit: str = text("class:NAME, unit:N of the penultimate layer, or channel:LAYER:N")
    start: str = text("ascent: noise, or an image as for an attack", default="noise")
    method: str = choice("ascent", ("ascent", "fourier"), "plain ascent, or regularized")
    eps: float = number(40.0, 0.0, 1000.0, "ascent: L2 radius of the ball, pixels in [0, 1]")
    step_size: float = number(0.5, 0.0, 100.0, "ascent: L2 length of a step")
    steps: int = count(100, 1, 1000, "steps of the ascent")
    seed: int = count(0, 0, 2**31 - 1, "of the starting noise")
    numerics: str = _numerics()

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)

    @property
    def starts_from_image(self) -> bool:
        """Say whether a picture is drawn over; Fourier coefficients always start from noise."""
        return self.method == "ascent" and self.start != "noise"

    def prerequisites(self) -> tuple[Spec, ...]:
        """List the experiment whose result is the start."""
        return made_by(self.start) if self.starts_from_image else ()

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        described = record(self.model)
        parse_unit(self.unit, described)
        begin = image_key(self.start, described) if self.starts_from_image else "noise"
        values = {"unit": self.unit, "start": begin, "method": self.method, "steps": self.steps}
        if self.method == "ascent":
            values |= {"eps": self.eps, "step_size": self.step_size}
        return {**values, "seed": self.seed, "numerics": self.numerics}

    def procedure(self, results: Sequence[Result]) -> Generator[Any, Any, Result]:
        """Begin the drawing."""
        from advviz.experiments.procedures import visualize

        described = record(self.model)
        begin = pixels(self.start, described, results) if self.starts_from_image else None
        return visualize(self, described, begin)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseSpec(_OfImage):
    """The control of an attack: random noise of the same size, many times."""

    kind: ClassVar[str] = "noise"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE

    model: str = text("model id")
    image: str = text(_IMAGE_HELP)
    norm: str = choice("l2", ("l2", "linf"), "norm of the ball")
    eps: float = number(1.0, 0.0, 100.0, "size of the noise, pixels in [0, 1]")
    draws: int = count(100, 1, 1000, "random directions")
    seed: int = count(0, 0, 2**31 - 1, "of all random numbers")

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)
        if self.norm == "linf" and self.eps > 1:
            raise InvalidInputError(f"eps must lie in [0, 1] in linf, got {self.eps}")

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        values = {"norm": self.norm, "eps": self.eps, "draws": self.draws, "seed": self.seed}
        return {"image": image_key(self.image, record(self.model)), **values}

    def procedure(self, results: Sequence[Result]) -> Generator[Any, Any, Result]:
        """Begin the control."""
        from advviz.experiments.procedures import control

        return control(self, pixels(self.image, record(self.model), results))


_MADE = {AttackSpec.kind: "adversarial", VisualizeSpec.kind: "picture"}
"""Kinds of experiments whose results are images, and the array that holds the image."""


def made_by(image: str) -> tuple[AttackSpec | VisualizeSpec, ...]:
    """Return the experiment whose result an image reference names, if it names one."""
    if not image.startswith(RESULT):
        return ()
    kinds = {AttackSpec.kind: AttackSpec, VisualizeSpec.kind: VisualizeSpec}
    return (from_link(image.removeprefix(RESULT), kinds),)


def pixels(image: str, described: ModelRecord, results: Sequence[Result]) -> Any:
    """Return the pixels [3, S, S] float32 that an image reference stands for."""
    for made in made_by(image):
        return results[0].arrays[_MADE[made.kind]]
    return images.load(image, described.input_size).pixels


def image_key(image: str, described: ModelRecord) -> Any:
    """Return what identifies an image's pixels: their digest, or how they are computed."""
    for made in made_by(image):
        weights = record(made.model).sha256
        return {"kind": made.kind, "version": made.version, "weights": weights, **made.resolved()}
    return images.load(image, described.input_size).digest


def true_class(image: str, described: ModelRecord) -> str | None:
    """Return the class that a gallery image is known to show, if the model knows the class."""
    for made in made_by(image):
        return true_class(made.image, described) if isinstance(made, AttackSpec) else None
    if not image.startswith(images.SAMPLE_PREFIX):
        return None
    known = gallery.sample(image.removeprefix(images.SAMPLE_PREFIX)).true_class
    return known if known in described.classes else None


def is_personal(spec: Spec) -> bool:
    """Say whether a spec starts from somebody's upload, whose pixels must not reach a disk."""
    named = (getattr(spec, "image", ""), getattr(spec, "start", ""))
    return any(name.startswith(uploads.PREFIX) for name in named) or any(
        is_personal(needed) for needed in spec.prerequisites()
    )
