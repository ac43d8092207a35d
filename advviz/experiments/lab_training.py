"""The lab "Train a robust model" as a spec: link, command line, key, and Python program."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, ClassVar

from advviz.experiments import parameters
from advviz.experiments.protocol import NO_MODEL, REFERENCE, Spec
from advviz.experiments.result import Result
from advviz.fields import check, choice, count, number, switch
from advviz.models.model_record import ModelRecord

if TYPE_CHECKING:
    from torch import Tensor

DIGITS, CIFAR10 = "digits", "cifar10"
NETWORKS = ("linear", "convolutional", "wide")
NORMS = ("l2", "linf")
PARTNERS = ("standard", "robust")
"""The two networks, in the order of every array."""
JUDGED = 22
"""Parts of the verdict: for each network three attacks and eight radii."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabTrainingSpec:
    """Two small networks trained side by side, normally and against an attacker."""

    kind: ClassVar[str] = "lab-training"
    command: ClassVar[tuple[str, ...]] = ("lab", "training")
    version: ClassVar[int] = 1
    model: ClassVar[str] = NO_MODEL
    numerics: ClassVar[str] = REFERENCE

    data: str = choice(DIGITS, (DIGITS, CIFAR10), "images: digits come with advviz")
    network: str = choice(
        "convolutional", NETWORKS, "what is trained: linear, or a small or wide convolutional one"
    )
    norm: str = choice("l2", NORMS, "norm of the ball, of training and of judging")
    eps: float = number(
        0.75, 0.0, 10.0,
        "radius of the ball, pixels in [0, 1]; of digits, over their one channel",
    )  # fmt: skip
    attack_steps: int = count(5, 1, 50, "steps of the training attack")
    step_size: float | str = parameters.step_size()
    random_start: bool = switch(True, "the training attack starts at a random point of the ball")
    single_step: bool = switch(
        False,
        "train with one step of the ball's whole radius from the image itself, whatever the "
        "three options before say: the recipe that can collapse",
    )
    epochs: int = count(20, 1, 200, "times that every training image is seen")
    learning_rate: float = number(
        0.1,
        1e-4,
        1.0,
        "the largest, of gradient descent with momentum 0.9; it rises, then falls to 0",
    )  # fmt: skip
    batch: int = count(64, 8, 512, "images a step")
    images: int = count(10000, 100, 50000, "training images at most, equally many a class")
    judge_steps: int = count(
        50, 1, 200, "steps of the PGD that judges, at least twice those trained with"
    )
    judge_restarts: int = count(2, 1, 20, "its random starts, in the verdict at the end")
    seed: int = parameters.seed("of first weights, batches, and attacks")

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)
        parameters.check_eps(self.norm, self.eps)

    @property
    def steps_trained_with(self) -> int:
        """Return the steps of the training attack."""
        return 1 if self.single_step else self.attack_steps

    @property
    def steps_judged_with(self) -> int:
        """Return the steps of the PGD that judges: at least twice those trained with."""
        return max(self.judge_steps, 2 * self.steps_trained_with)

    @property
    def step_trained_with(self) -> float:
        """Return the length of one of them, in the ball's norm."""
        if self.single_step:
            return self.eps
        return parameters.resolved_step_size(self.step_size, self.eps, self.attack_steps)

    @property
    def starts_at_random(self) -> bool:
        """Say whether the training attack starts at a random point."""
        return self.random_start and not self.single_step

    @property
    def eps_in_rgb(self) -> float:
        """Return the radius for pictures of three equal channels, which all pages attack.

        A change of a grey picture is there three times in its RGB picture: its L2 length is √3
        times as large, its largest entry the same.
        """
        return self.eps * sqrt(3) if (self.data, self.norm) == (DIGITS, "l2") else self.eps

    @property
    def amount(self) -> int:
        """Count what progress counts; in step with `Lab.passes`."""
        return self.epochs + JUDGED

    def prerequisites(self) -> tuple[Spec, ...]:
        """Return nothing: the lab starts from its images."""
        return ()

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on; what a switch overrides is left out."""
        values: dict[str, Any] = {
            "data": self.data,
            "network": self.network,
            "norm": self.norm,
            "eps": self.eps,
            "attack_steps": self.steps_trained_with,
            "step_size": self.step_trained_with,
            "random_start": self.starts_at_random,
            "epochs": self.epochs,
            "learning_rate": self.learning_rate,
            "batch": self.batch,
            "judge_steps": self.steps_judged_with,
            "judge_restarts": self.judge_restarts,
            "seed": self.seed,
        }
        if self.data == DIGITS:
            return values
        from advviz.labs.cifar10 import identity

        return values | {"images": self.images, "files": identity()}

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin to train."""
        del results
        from advviz.experiments.lab_training_procedure import train

        return train(self, device)


def collapsing() -> LabTrainingSpec:
    """Return a set-up that collapses: one step of the whole radius, and a network that fits it."""
    return LabTrainingSpec(
        network="wide",
        norm="linf",
        eps=0.35,
        single_step=True,
        epochs=30,
        batch=32,
        judge_steps=20,
    )


def described(spec: LabTrainingSpec, partner: str) -> ModelRecord:
    """Return the record of a network that a spec trains: "standard" or "robust".

    The robust one is described as such whatever its eps, so that two networks can be told apart.
    """
    from advviz.labs.trained import described_as, like

    norm = spec.norm if partner == "robust" else None
    return described_as(like(spec.data, spec.network), norm=norm, eps=spec.eps_in_rgb)


def kept(
    spec: LabTrainingSpec, result: Result, partner: str
) -> tuple[ModelRecord, dict[str, "Tensor"]]:
    """Return a trained network: its record, and its weights by the network's own names.

    Args:
        spec: what was trained.
        result: of it.
        partner: "standard" or "robust".
    """
    import torch

    start = f"{partner}."
    state = {
        name.removeprefix(start): torch.from_numpy(array.copy())
        for name, array in result.arrays.items()
        if name.startswith(start)
    }
    # Against an attacker who may change nothing, nothing was trained but a standard network.
    return described(spec, partner if spec.eps else "standard"), state
