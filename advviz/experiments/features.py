"""The lab "Bugs or features?" as a spec: train on mislabelled adversarial examples alone."""

import csv
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, ClassVar

from advviz.data import two_classes
from advviz.errors import InvalidInputError
from advviz.experiments import parameters
from advviz.experiments.protocol import NO_MODEL, REFERENCE, Spec
from advviz.experiments.result import Result
from advviz.fields import AUTO, check, choice, count, number, switch, text

LINEAR, SMALL = "linear", "small"
NETWORKS = ("first", "new", "random", "flipped")
"""Whose weights a result holds, as arrays `weights first` and so on: where they have any."""
MEASURES = (
    "clean_accuracy", "fooled", "kept", "distance", "mislabelled_training", "control_random",
    "control_flipped",
)  # fmt: skip
"""What a result's facts hold of every seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesSpec:
    """A network that has seen only adversarial examples with wrong labels, judged on clean ones."""

    kind: ClassVar[str] = "features"
    version: ClassVar[int] = 1
    command: ClassVar[tuple[str, ...]] = ("lab", "features")
    model: ClassVar[str] = NO_MODEL
    numerics: ClassVar[str] = REFERENCE

    data: str = text(
        "digits, cifar10 (where it has been downloaded), folder (the one that the app offers), or "
        "the path of a folder with one folder a class, or with train and test that have them",
        default=two_classes.DIGITS,
    )
    classes: str = text("the two classes, by comma", default="3,8")
    norm: str = choice("l2", ("l2", "linf"), "norm of the ball")
    eps: float = number(1.0, 0.0, 100.0, "radius of the ball, pixels in [0, 1]")
    attack_steps: int = count(20, 1, 200, "steps of projected gradient descent")
    attack_step_size: float | str = number(
        0.0, 0.0, 100.0, "length of a step of the attack; auto: 2.5 eps / attack steps", auto=True
    )
    early_stop: bool = switch(False, "leave an image alone once it has flipped")
    network: str = choice(
        LINEAR, (LINEAR, SMALL), "a linear classifier, or a small residual network"
    )
    steps: int = count(200, 1, 5000, "steps of training of each network")
    lr: float | str = number(
        0.0, 0.0, 100.0, "learning rate; auto: linear, by the loss's curvature; small, 0.1",
        auto=True,
    )  # fmt: skip
    seeds: int = count(10, 1, 50, "repetitions, each with its own split, weights and noise")
    seed: int = parameters.seed("of the first repetition; the others follow")
    controls: bool = switch(True, "train the two controls as well")
    size: int = count(32, 8, 64, "pixels a side of a folder's pictures, cut to their centre")
    limit: int = count(1000, 10, 10000, "images of a class at most, of each part")

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)
        parameters.check_eps(self.norm, self.eps)

    @property
    def names(self) -> tuple[str, str]:
        """Return the two classes.

        Raises:
            InvalidInputError: not two.
        """
        names = [name.strip() for name in self.classes.split(",")]
        if len(names) != 2:
            raise InvalidInputError(f"classes must be two, by comma, got {self.classes[:60]!r}")
        return names[0], names[1]

    @property
    def is_personal(self) -> bool:
        """Say whether it reads somebody's own pictures, of which nothing must reach a disk."""
        return two_classes.is_folder(self.data)

    @property
    def resolved_attack_step_size(self) -> float:
        """Return the length of a step of the attack."""
        return parameters.resolved_step_size(self.attack_step_size, self.eps, self.attack_steps)

    @property
    def resolved_lr(self) -> float | None:
        """Return the learning rate; None where a linear classifier's follows the curvature."""
        if self.lr == AUTO:
            return None if self.network == LINEAR else 0.1
        return float(self.lr)

    @property
    def method(self) -> str:
        """Name what the time that it takes depends on, beside the amount."""
        return f"{self.network}, {self.data if not self.is_personal else 'pictures'}"

    @property
    def repetitions(self) -> range:
        """List the seeds."""
        return range(self.seed, self.seed + self.seeds)

    @property
    def amount(self) -> int:
        """Count the steps of training of all networks."""
        return (4 if self.controls else 2) * self.steps * self.seeds

    def prerequisites(self) -> tuple[Spec, ...]:
        """List nothing: it starts from pictures alone."""
        return ()

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on.

        Raises:
            InvalidInputError: no such data set, or it does not have these classes.
        """
        images = two_classes.identity(self.data, self.names, limit=self.limit)
        values = {
            "images": images,
            "classes": self.names,
            "norm": self.norm,
            "eps": self.eps,
            "attack steps": self.attack_steps,
            "attack step size": self.resolved_attack_step_size,
            "early stop": self.early_stop,
            "network": self.network,
            "steps": self.steps,
            "lr": self.resolved_lr,
            "seeds": list(self.repetitions),
            "controls": self.controls,
            "limit": self.limit,
        }
        return values | ({"size": self.size} if self.is_personal else {})

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin the lab."""
        from advviz.experiments.features_procedure import features

        del results
        return features(self, device)


def table(spec: FeaturesSpec, result: Result) -> str:
    """Write every seed's numbers as CSV: a row a seed, a column a measure."""
    known = {name: result.facts[name] for name in MEASURES if result.facts[name] is not None}
    text = StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["seed", *known])
    for place, seed in enumerate(spec.repetitions):
        values = (each["seeds"][place] for each in known.values())
        lines.writerow([seed, *("" if value is None else value for value in values)])
    return text.getvalue()
