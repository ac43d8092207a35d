"""Fields that several experiments have: the same name, range and default words everywhere."""

from typing import Any

from advviz.attacks.parameters import LOSSES
from advviz.errors import InvalidInputError
from advviz.experiments.protocol import FAST, REFERENCE
from advviz.fields import AUTO, choice, count, number, switch, text

UNTARGETED = "any"
PREDICTED = "predicted"
IMAGE_HELP = "sample:ID, sha256:DIGEST of an upload, or result:LINK of an attack or a drawing"


def image() -> Any:
    """Declare the image that an experiment starts from."""
    return text(IMAGE_HELP)


def target(default: str = UNTARGETED) -> Any:
    """Declare the class that an attack is to reach."""
    return text("class to reach, or any for an untargeted attack", default=default)


def norm() -> Any:
    """Declare the norm of a ball."""
    return choice("l2", ("l1", "l2", "linf"), "norm of the ball")


def eps(help: str = "radius of the ball, pixels in [0, 1]") -> Any:
    """Declare the radius of a ball; see `check_eps`."""
    return number(1.0, 0.0, 100.0, help)


def check_eps(norm: str, eps: float) -> None:
    """Refuse a radius that the norm has no room for."""
    if norm == "linf" and eps > 1:
        raise InvalidInputError(f"eps must lie in [0, 1] in linf, got {eps}")


def steps(default: int = 20, help: str = "steps of projected gradient descent") -> Any:
    """Declare how many steps a search makes."""
    return count(default, 1, 1000, help)


def step_size() -> Any:
    """Declare the length of a step; see `resolved_step_size`."""
    return number(0.0, 0.0, 100.0, "length of a step; auto: 2.5 eps / steps", auto=True)


def resolved_step_size(step_size: float | str, eps: float, steps: int) -> float:
    """Return the length of a step in the ball's norm."""
    return 2.5 * eps / steps if step_size == AUTO else float(step_size)


def random_start(default: bool = False) -> Any:
    """Declare where a search starts."""
    return switch(default, "start at a random point of the ball")


def restarts(
    help: str = "independent searches; more than 1 start at random points",
) -> Any:
    """Declare how many searches there are."""
    return count(1, 1, 50, help)


def loss() -> Any:
    """Declare what a search raises."""
    return choice("cross-entropy", LOSSES, "what the search raises")


def early_stop() -> Any:
    """Declare whether a search ends when it succeeds."""
    return switch(False, "stop at the first success")


def samples() -> Any:
    """Declare how many noisy copies SmoothGrad averages over."""
    return count(50, 1, 1000, "SmoothGrad: noisy copies")


def sigma(help: str) -> Any:
    """Declare the noise of SmoothGrad."""
    return number(0.15, 0.0, 10.0, help)


def seed(help: str = "of all random numbers") -> Any:
    """Declare the seed."""
    return count(0, 0, 2**31 - 1, help)


def numerics(
    help: str = "reference: the model as it is; fast: a copy of it chooses the directions",
) -> Any:
    """Declare who answers queries that are not exact."""
    return choice(REFERENCE, (REFERENCE, FAST), help)
