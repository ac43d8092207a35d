"""What is decided before a training run starts."""

from dataclasses import asdict, dataclass, replace
from math import isfinite

from advviz.errors import InvalidInputError, UnknownNameError


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One training run: stochastic gradient descent with or without an attacker.

    A model and its robust partner differ in `eps`, `attack_steps` and `step_size` alone. A
    further rung of their ladder starts from the weights of one of the two.
    """

    name: str
    dataset: str = "tiny14"
    architecture: str = "SlimResNet"
    size: int = 64  # pixels
    starts_from: str | None = None  # id of a bundled model; None starts from random weights
    epochs: int = 20
    images_per_epoch: int = 20_480
    batch: int = 128
    peak_lr: float = 0.1
    warmup: float = 0.15  # share of all steps until the peak; then linearly to 0
    momentum: float = 0.9
    weight_decay: float = 5e-4  # not on biases and batch-norm parameters
    whitening: float = 0.75  # exponent of the first layer: 0 leaves patches as they are, 1 whitens
    crop_padding: int = 6  # pixels of reflection on each side before a random crop
    ema_decay: float = 0.998
    held_out: int = 20  # images of each folder that are never trained on
    validated: int = 10  # of those, the ones measured after every epoch
    validation_eps: float = 1.0  # L2, of the attack that they are measured under
    eps: float = 0.0  # L2, pixels in [0, 1]; 0 trains on clean images
    attack_steps: int = 2
    step_size: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that cannot be trained with."""
        for field in ("epochs", "images_per_epoch", "batch", "attack_steps"):
            if getattr(self, field) < 1:
                raise InvalidInputError(f"{field} must be >= 1, got {getattr(self, field)}")
        if self.batch > self.images_per_epoch:
            raise InvalidInputError(
                f"batch must be <= images_per_epoch ({self.images_per_epoch}), got {self.batch}"
            )
        if not 0 <= self.warmup < 1:
            raise InvalidInputError(f"warmup must lie in [0, 1), got {self.warmup}")
        for field in ("eps", "peak_lr", "step_size", "validation_eps", "whitening"):
            value = getattr(self, field)
            if not (isfinite(value) and value >= 0):
                raise InvalidInputError(f"{field} must be finite and >= 0, got {value}")
        if self.eps > 0 and self.step_size == 0:
            raise InvalidInputError("adversarial training needs step_size > 0, got 0")

    @property
    def steps(self) -> int:
        """Count the optimizer steps of the whole run."""
        return self.epochs * (self.images_per_epoch // self.batch)

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of a step: linear to the peak, then linear to 0."""
        peak = self.warmup * self.steps
        rise = (step + 1) / peak if peak else 1.0
        fall = (self.steps - step) / (self.steps - peak)
        return self.peak_lr * min(rise, fall)

    def as_dict(self) -> dict[str, object]:
        """Return every field, for the log and the model's record."""
        return asdict(self)


REACH = 0.7
"""Length of a step of the training attack, in eps: two of them pass the ball's surface."""


def _against(standard: Recipe, name: str, eps: float) -> Recipe:
    """Return the recipe of a robust partner."""
    return replace(standard, name=name, eps=eps, step_size=round(REACH * eps, 6))


def _rung(start: Recipe, name: str, eps: float) -> Recipe:
    """Return the recipe that goes on from a trained model with another eps, for a few epochs.

    Adversarial fine-tuning (Jeddi et al. 2020, arXiv:2012.13628) takes a sixth of the time of
    a run from random weights, and neighbouring rungs stay comparable feature by feature.
    """
    return replace(
        _against(start, name, eps), epochs=3, peak_lr=0.05, warmup=0.2, starts_from=start.name
    )


_TINY14 = Recipe(name="tiny14-standard")
_CIFAR10 = Recipe(
    name="cifar10-standard",
    dataset="cifar10",
    architecture="SlimMaxResNet",
    size=32,
    epochs=14,
    images_per_epoch=51_200,
    whitening=1.25,
    crop_padding=4,
    held_out=50,
    validated=20,
    validation_eps=0.5,
)
_TINY14_ROBUST = _against(_TINY14, "tiny14-robust-l2", 1.5)
_ALL = (
    _TINY14,
    _TINY14_ROBUST,
    _rung(_TINY14, "tiny14-l2-0.25", 0.25),
    _rung(_TINY14, "tiny14-l2-0.5", 0.5),
    _rung(_TINY14_ROBUST, "tiny14-l2-3", 3.0),
    _CIFAR10,
    _against(_CIFAR10, "cifar10-robust-l2", 0.5),
)
RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _ALL}


def recipe(name: str) -> Recipe:
    """Look a recipe up by the name of the model that it makes."""
    if name not in RECIPES:
        raise UnknownNameError(f"no recipe is called {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]
