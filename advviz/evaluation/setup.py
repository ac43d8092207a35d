"""What a measurement of accuracy is told, and how its attack is named in full."""

from dataclasses import dataclass
from typing import Any, ClassVar

from advviz.errors import InvalidInputError
from advviz.experiments import parameters
from advviz.fields import check, choice, text


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSetup:
    """Clean accuracy, and accuracy under projected gradient descent away from the true class."""

    kind: ClassVar[str] = "evaluate"

    model: str = text("model id")
    attack: str = choice("pgd", ("pgd",), "attack")
    norm: str = parameters.norm()
    eps: float = parameters.eps()
    steps: int = parameters.steps(50, "steps of each search")
    step_size: float | str = parameters.step_size()
    restarts: int = parameters.restarts("independent searches of each image")
    random_start: bool = parameters.random_start(True)
    seed: int = parameters.seed("of all random numbers, and of the sample")
    numerics: str = parameters.numerics("fast: a copy of the model chooses directions")

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)
        parameters.check_eps(self.norm, self.eps)
        if self.restarts > 1 and not self.random_start:
            raise InvalidInputError("restarts > 1 need random_start true, got false")

    @property
    def resolved_step_size(self) -> float:
        """Return the length of a step in the ball's norm."""
        return parameters.resolved_step_size(self.step_size, self.eps, self.steps)

    def attack_in_full(self) -> dict[str, Any]:
        """Describe the attack so that it can be repeated."""
        return {
            "name": self.attack,
            "goal": "untargeted: away from the true class",
            "loss": "cross-entropy",
            "norm": self.norm,
            "eps": self.eps,
            "steps": self.steps,
            "step_size": self.resolved_step_size,
            "random_start": self.random_start,
            "restarts": self.restarts,
            "returned": "best iterate of all steps and restarts, by margin; "
            "an image that is already fooled is not attacked further",
            "numerics": self.numerics,
            "seed": self.seed,
        }

    def in_words(self) -> str:
        """Name the attack in full, for people."""
        norm = {"l2": "L2", "linf": "Linf"}[self.norm]
        starts = "random start" if self.random_start else "start at the image"
        return (
            f"PGD, untargeted (cross-entropy away from the true class), {norm} eps {self.eps:g}, "
            f"{self.steps} steps of {self.resolved_step_size:g}, {self.restarts} x {starts}, "
            f"best iterate, {self.numerics} numerics, seed {self.seed}"
        )
