"""What each attack of the catalogue is told: data alone, so that no torch is loaded for it.

Every field has a default, a range and words, from which pages, flags and links are made. What
all attacks have in common, such as the ball and the seed, is no parameter.
"""

from dataclasses import dataclass
from math import ceil
from typing import Protocol

from advviz.errors import InvalidInputError
from advviz.fields import AUTO, check, choice, count, number, switch

LOSSES = ("cross-entropy", "logit", "margin", "dlr")


class Params(Protocol):
    """The parameters of an attack."""

    @property
    def entries(self) -> int:
        """Count the steps of the search whose history is kept."""
        ...


class _Checked:
    """Parameters that refuse values out of range."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Refuse values out of range, in one sentence."""
        check(self)


class _Steps(_Checked):
    """Parameters of a search of a fixed number of steps."""

    __slots__ = ()
    steps: int

    @property
    def entries(self) -> int:
        """Count the steps of one search."""
        return self.steps


@dataclass(frozen=True, slots=True, kw_only=True)
class FGSM(_Checked):
    """The fast gradient sign method."""

    loss: str = choice("cross-entropy", LOSSES, "what the step raises")

    @property
    def entries(self) -> int:
        """Count the one step."""
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PGD(_Steps):
    """Projected gradient descent."""

    steps: int = count(20, 1, 1000, "steps of projected gradient descent")
    step_size: float | str = number(
        0.0, 0.0, 100.0, "length of a step; auto: 2.5 eps / steps", auto=True
    )
    random_start: bool = switch(False, "start at a random point of the ball")
    restarts: int = count(1, 1, 50, "independent searches; more than 1 start at random points")
    loss: str = choice("cross-entropy", LOSSES, "what the search raises")

    def resolved_step_size(self, eps: float) -> float:
        """Return the length of a step in the ball's norm."""
        return 2.5 * eps / self.steps if self.step_size == AUTO else float(self.step_size)

    @property
    def resolved_random_start(self) -> bool:
        """Say whether the search starts at a random point; restarts imply it."""
        return self.random_start or self.restarts > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class APGD(_Steps):
    """Auto-PGD, which chooses its step sizes itself."""

    steps: int = count(100, 1, 1000, "steps of each search")
    restarts: int = count(1, 1, 50, "independent searches from random points")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetedAPGD(_Steps):
    """Auto-PGD towards one class after the other."""

    steps: int = count(100, 1, 1000, "steps of each search")
    restarts: int = count(1, 1, 50, "independent searches towards each class")
    targets: int = count(9, 1, 999, "classes to try, the likeliest first; all, where fewer")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarliniWagner(_Checked):
    """Carlini and Wagner's attack."""

    steps: int = count(200, 1, 10000, "steps of Adam for each constant")
    searches: int = count(9, 1, 20, "constants to try: steps of the binary search")
    learning_rate: float = number(0.01, 1e-6, 10.0, "of Adam, in the space of the tangent")
    constant: float = number(1e-3, 1e-9, 1e9, "first weight of the margin against the distance")
    confidence: float = number(0.0, 0.0, 1000.0, "margin to reach, in logits")

    @property
    def entries(self) -> int:
        """Count the steps of all searches."""
        return self.steps * self.searches


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumNorm(_Steps):
    """The fast minimum-norm attack."""

    steps: int = count(200, 1, 10000, "steps of the search")
    step_size: float = number(1.0, 1e-6, 100.0, "L2 length of the first step; they shrink to 1%")
    shrinkage: float = number(0.05, 1e-6, 0.9, "share of the ball that the first step gives up")
    halvings: int = count(10, 0, 20, "of the way back to the picture, at the end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Square(_Checked):
    """The square attack."""

    queries: int = count(5000, 1, 100000, "questions asked of the model")
    first_share: float = number(0.8, 1e-4, 1.0, "share of the picture that the first square covers")

    @property
    def entries(self) -> int:
        """Count the entries of its history: at most 100, evenly spread over the questions."""
        return ceil(self.queries / self.between)

    @property
    def between(self) -> int:
        """Count the questions from one entry to the next."""
        return ceil(self.queries / 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepFool(_Steps):
    """DeepFool, by Foolbox."""

    steps: int = count(50, 1, 1000, "linear approximations to follow")
    candidates: int = count(10, 2, 1000, "likeliest classes to consider")
    overshoot: float = number(0.02, 0.0, 1.0, "share of each step to go further")


@dataclass(frozen=True, slots=True, kw_only=True)
class HopSkipJump(_Steps):
    """HopSkipJump, by Foolbox."""

    steps: int = count(64, 1, 1000, "jumps along the boundary")
    first_evaluations: int = count(100, 2, 10000, "questions for the first direction")
    most_evaluations: int = count(10000, 2, 100000, "questions for a direction at most")


@dataclass(frozen=True, slots=True, kw_only=True)
class EAD(_Steps):
    """The elastic-net attack, by Foolbox."""

    steps: int = count(1000, 1, 10000, "steps for each constant")
    searches: int = count(9, 1, 20, "constants to try: steps of the binary search")
    learning_rate: float = number(0.01, 1e-6, 10.0, "length of the first step")
    regularization: float = number(0.01, 0.0, 10.0, "weight of the L1 distance against the L2")
    confidence: float = number(0.0, 0.0, 1000.0, "margin to reach, in logits")


def refuse_norm(attack: str, norm: str, norms: tuple[str, ...]) -> None:
    """Raise InvalidInputError where an attack does not work in a norm."""
    if norm not in norms:
        raise InvalidInputError(f"{attack} works in {' and '.join(norms)}, got {norm}")
