"""What a measurement of accuracy is told, and how its attack is named in full."""

from dataclasses import dataclass
from typing import Any, ClassVar

from advviz.errors import InvalidInputError
from advviz.experiments.fields import AUTO, check, choice, count, number, switch, text
from advviz.experiments.specs import FAST, REFERENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSetup:
    """Clean accuracy, and accuracy under projected gradient descent away from the true class."""

    kind: ClassVar[str] = "evaluate"

    model: str = text("model id")
    attack: str = choice("pgd", ("pgd",), "attack")
    norm: str = choice("l2", ("l2", "linf"), "norm of the ball")
    eps: float = number(1.0, 0.0, 100.0, "radius of the ball, pixels in [0, 1]")
    steps: int = count(50, 1, 1000, "steps of each search")
    step_size: float | str = number(
        0.0, 0.0, 100.0, "length of a step; auto: 2.5 eps / steps", auto=True
    )
    restarts: int = count(1, 1, 50, "independent searches of each image")
    random_start: bool = switch(True, "start at a random point of the ball")
    seed: int = count(0, 0, 2**31 - 1, "of all random numbers, and of the sample")
    numerics: str = choice(
        REFERENCE, (REFERENCE, FAST), "fast: a copy of the model chooses directions"
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)
        if self.norm == "linf" and self.eps > 1:
            raise InvalidInputError(f"eps must lie in [0, 1] in linf, got {self.eps}")
        if self.restarts > 1 and not self.random_start:
            raise InvalidInputError("restarts > 1 need random_start true, got false")

    @property
    def resolved_step_size(self) -> float:
        """Return the length of a step in the ball's norm."""
        return 2.5 * self.eps / self.steps if self.step_size == AUTO else float(self.step_size)

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
