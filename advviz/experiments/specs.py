"""Experiments: everything a user has set up, in one frozen dataclass each.

From a spec come the cache key, the permalink, the command line and the Python snippet. A
spec holds data alone; `procedure` imports what computes when it is called, so that pages
can make specs without loading torch.
"""

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from advviz.attacks.catalogue import attack_named
from advviz.experiments import attack_choice, explainer_choice, parameters
from advviz.experiments.parameters import PREDICTED, UNTARGETED
from advviz.experiments.protocol import REFERENCE, Spec
from advviz.experiments.references import FromImage, image_key, made_by, pixels, true_class
from advviz.experiments.result import Result
from advviz.experiments.units import parse_unit
from advviz.fields import added, check, choice, count, number, text
from advviz.models.records import ModelRecord, record


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictSpec(FromImage):
    """What a model says of an image."""

    kind: ClassVar[str] = "predict"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE

    model: str = text("model id")
    image: str = parameters.image()

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        return {"image": image_key(self.image, record(self.model))}

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Ask for the logits."""
        from advviz.experiments.procedures import predict

        return predict(pixels(self.image, record(self.model), results), device)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackSpec(FromImage):
    """An adversarial example, by any attack of the catalogue."""

    kind: ClassVar[str] = "attack"
    version: ClassVar[int] = 2
    makes: ClassVar[str] = "adversarial"

    model: str = text("model id; the attack uses this model's gradients")
    image: str = parameters.image()
    target: str = parameters.target()
    norm: str = parameters.norm()
    eps: float = parameters.eps()
    steps: int = parameters.steps()
    step_size: float | str = parameters.step_size()
    random_start: bool = parameters.random_start()
    restarts: int = parameters.restarts()
    loss: str = parameters.loss()
    early_stop: bool = parameters.early_stop()
    seed: int = parameters.seed()
    numerics: str = parameters.numerics()
    attack: str = attack_choice.attack()
    options: str = attack_choice.options()
    quantized: bool = parameters.quantized()

    def __post_init__(self) -> None:
        """Refuse values out of range, and write the options in full."""
        check(self)
        parameters.check_eps(self.norm, self.eps)
        attack_choice.settle(self)
        attack_choice.refuse_minimal_in_eight_bits(self.attack, self.quantized)

    @property
    def params(self) -> Any:
        """Return the attack's parameters, as the catalogue declares them."""
        return attack_choice.params_of(self)

    @property
    def resolved_step_size(self) -> float:
        """Return the length of a step of projected gradient descent, in the ball's norm."""
        return parameters.resolved_step_size(self.step_size, self.eps, self.steps)

    @property
    def resolved_random_start(self) -> bool:
        """Say whether that search starts at a random point; restarts imply it."""
        return self.random_start or self.restarts > 1

    def true_class(self, described: ModelRecord) -> str | None:
        """Return the class that the image is known to show: an attack does not change it."""
        return true_class(self.image, described)

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        described = record(self.model)
        if self.target != UNTARGETED:
            described.class_index(self.target)
        values = {
            "image": image_key(self.image, described),
            "away from": self.true_class(described) if self.target == UNTARGETED else None,
            "target": self.target,
            "norm": self.norm,
            "eps": self.eps,
            **self._search(),
            "early_stop": self.early_stop,
            "seed": self.seed,
            "numerics": self.numerics,
        }
        # Only where it is on: attacks from before it existed keep their keys.
        return values | {"quantized": True} if self.quantized else values

    def _search(self) -> dict[str, Any]:
        """Return what the attack is told; of PGD as it was when there was no other attack."""
        if self.attack == attack_choice.PGD:
            return {
                "steps": self.steps,
                "step_size": self.resolved_step_size,
                "random_start": self.resolved_random_start,
                "restarts": self.restarts,
                "loss": self.loss,
            }
        version = attack_named(self.attack).version
        return {"attack": self.attack, "attack version": version, **asdict(self.params)}

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin the attack."""
        from advviz.experiments.procedures import attack

        described = record(self.model)
        return attack(self, described, pixels(self.image, described, results), device)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainSpec(FromImage):
    """A saliency map of one class's score."""

    kind: ClassVar[str] = "explain"
    version: ClassVar[int] = 1

    model: str = text("model id")
    image: str = parameters.image()
    method: str = explainer_choice.method()
    explained: str = text("class to explain, or predicted", default=PREDICTED)
    objective: str = choice(
        "cross-entropy", ("cross-entropy", "logit"), "score whose gradient is taken"
    )
    samples: int = parameters.samples()
    sigma: float = parameters.sigma("SmoothGrad: standard deviation of the noise")
    sigma_unit: str = choice(
        "range", ("range", "absolute"), "SmoothGrad: sigma of the image's range, or in pixels"
    )
    magnitude: str = choice("signed", ("signed", "squared"), "SmoothGrad: what is averaged")
    seed: int = parameters.seed("SmoothGrad: of the noise")
    numerics: str = parameters.numerics()
    options: str = explainer_choice.options()

    def __post_init__(self) -> None:
        """Refuse values out of range, and write the options in full."""
        check(self)
        explainer_choice.settle(self)

    @property
    def params(self) -> Any:
        """Return the explainer's parameters, as the catalogue declares them."""
        return explainer_choice.params_of(self)

    @property
    def amount(self) -> int:
        """Count the steps of an explainer that options tell; 0: the fields above say it."""
        if self.method in explainer_choice.FIRST:
            return 0
        counted: int = self.params.amount(record(self.model).input_size)
        return counted

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
        return values | explainer_choice.resolved(self, described)

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin the explanation."""
        from advviz.experiments.procedures import explain

        described = record(self.model)
        return explain(self, described, pixels(self.image, described, results), device)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisualizeSpec:
    """A picture that excites a class, a unit, or a channel."""

    kind: ClassVar[str] = "visualize"
    version: ClassVar[int] = 3
    makes: ClassVar[str] = "picture"

    model: str = text("model id")
    unit: str = text("class:NAME, unit:N of the penultimate layer, or channel:LAYER:N")
    start: str = text("ascent: noise, or an image as for an attack", default="noise")
    score: str = added(
        choice(
            "log-probability", ("log-probability", "logit"),
            "of a class: the logarithm of its probability, which other classes lower, or its logit",
        ),
        absent="logit",
    )  # fmt: skip
    method: str = choice("ascent", ("ascent", "fourier"), "plain ascent, or regularized")
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

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)

    @property
    def raises_probability(self) -> bool:
        """Say whether a class is drawn by the logarithm of its probability; units have none."""
        return self.score == "log-probability" and self.unit.startswith("class:")

    @property
    def starts_from_image(self) -> bool:
        """Say whether a picture is drawn over; Fourier coefficients always start from noise."""
        return self.method == "ascent" and self.start != "noise"

    def resolved_sizes(self, described: ModelRecord) -> tuple[float, float]:
        """Return the radius of the ball and the length of a step, both L2.

        An L2 norm grows with the side of a picture whose every pixel changes alike.
        """
        return (
            parameters.in_proportion(self.eps, 40.0, described.input_size),
            parameters.in_proportion(self.step_size, 0.5, described.input_size),
        )

    def true_class(self, _described: ModelRecord) -> str | None:
        """Return None: nobody knows what a drawing shows."""
        return None

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
            eps, step_size = self.resolved_sizes(described)
            values |= {"eps": eps, "step_size": step_size}
        if self.raises_probability:
            values["score"] = self.score
        return {**values, "seed": self.seed, "numerics": self.numerics}

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin the drawing."""
        from advviz.experiments.procedures import visualize

        described = record(self.model)
        begin = pixels(self.start, described, results) if self.starts_from_image else None
        return visualize(self, described, begin, device)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseSpec(FromImage):
    """The control of an attack: random noise of the same size, many times."""

    kind: ClassVar[str] = "noise"
    version: ClassVar[int] = 2
    numerics: ClassVar[str] = REFERENCE

    model: str = text("model id")
    image: str = parameters.image()
    norm: str = parameters.norm()
    eps: float = parameters.eps("size of the noise, pixels in [0, 1]")
    draws: int = count(100, 1, 1000, "random directions")
    seed: int = parameters.seed()

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)
        parameters.check_eps(self.norm, self.eps)

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        values = {"norm": self.norm, "eps": self.eps, "draws": self.draws, "seed": self.seed}
        return {"image": image_key(self.image, record(self.model)), **values}

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin the control."""
        from advviz.experiments.procedures import control

        return control(self, pixels(self.image, record(self.model), results), device)
