"""Two trainings side by side that differ in one thing: what the second is shown.

Adversarial training minimizes over the weights the mean over images of the *largest* loss within
a ball around each. The inner maximum is approached by a few steps of projected gradient ascent,
from the weights of the moment. Reference: Madry et al., ICLR 2018, arXiv:1706.06083.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from advviz.labs.turns import Work
from advviz.protocol import Progress
from advviz.threat_models import ThreatModel
from advviz.training.adversarial import BatchStream

R = TypeVar("R")
MOMENTUM = 0.9
RISE = 0.4
"""Share of the steps until the learning rate is largest, as in fast adversarial training: Wong,
Rice, Kolter, ICLR 2020, arXiv:2001.03994."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingAttack:
    """How the inner maximum is approached.

    Args:
        threat: the ball; its eps is over the pixels of the images trained on.
        steps: of ascent, >= 1.
        step_size: in the ball's norm.
        random_start: begin at a random point of the ball instead of at the image.
    """

    threat: ThreatModel
    steps: int
    step_size: float
    random_start: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """What both trainings have in common.

    Args:
        epochs: times that every image is seen.
        learning_rate: the largest; it rises linearly to it, then falls linearly to 0.
        batch: images a step.
        seed: of the order of the images, and of the attack's starts.
    """

    epochs: int
    learning_rate: float
    batch: int
    seed: int

    def rate(self, done: float) -> float:
        """Return the learning rate when a share of all steps is done."""
        return self.learning_rate * min((done + 1e-3) / RISE, (1 - done) / (1 - RISE))

    def order(self, count: int, epoch: int) -> tuple[Tensor, ...]:
        """Return the batches of an epoch, as rows; the same for whoever asks."""
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + 2 * epoch)
        return torch.split(torch.randperm(count, generator=generator), self.batch)

    def starts(self, epoch: int) -> torch.Generator:
        """Return the generator of the attack's starts in an epoch."""
        return torch.Generator().manual_seed(1_000_003 * self.seed + 2 * epoch + 1)


@dataclass(slots=True, eq=False)
class Learner:
    """A network in training by stochastic gradient descent with momentum.

    Args:
        network: changed in place.
        attack: what makes the images that it is shown; None shows them as they are.
        velocities: of the parameters, by their place.
    """

    network: nn.Module
    attack: TrainingAttack | None = None
    velocities: list[Tensor] = field(default_factory=list)

    def learn(
        self, images: Tensor, labels: Tensor, learning_rate: float, starts: torch.Generator
    ) -> Generator[None, None, Tensor]:
        """Make one step of the descent; return the mean loss of what was shown, a scalar."""
        shown = images
        if self.attack is not None:
            stream = BatchStream(images, starts)
            shown = yield from hardest(self.network, images, labels, self.attack, stream)
        with torch.enable_grad():
            loss = functional.cross_entropy(self.network(shown), labels)
            parameters = list(self.network.parameters())
            gradients = torch.autograd.grad(loss, parameters)
        # By hand: torch.optim would import its compiler first, which takes longer than digits do.
        self.velocities = self.velocities or [torch.zeros_like(p) for p in parameters]
        with torch.no_grad():
            for parameter, velocity, gradient in zip(
                parameters, self.velocities, gradients, strict=True
            ):
                velocity.mul_(MOMENTUM).add_(gradient)
                parameter.add_(velocity, alpha=-learning_rate)
        return loss.detach()


def hardest(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    attack: TrainingAttack,
    stream: BatchStream,
) -> Generator[None, None, Tensor]:
    """Approach the largest loss within the ball, yielding after every step.

    Args:
        network: maps pixels to logits.
        images: [N, C, H, W] in [0, 1]; not modified.
        labels: [N].
        attack: the ball, and how it is searched.
        stream: for the random start.

    Returns:
        Images [N, C, H, W] in [0, 1] within the ball.
    """
    threat = attack.threat
    points = threat.start(images, stream) if attack.random_start else images.clone()
    for _ in range(attack.steps):
        with torch.enable_grad():
            points.requires_grad_(True)
            loss = functional.cross_entropy(network(points), labels, reduction="sum")
            (gradients,) = torch.autograd.grad(loss, points)
        stepped = threat.stepped(points.detach(), gradients, attack.step_size)
        points = threat.project(images, stepped)
        yield
    return points


def epoch_of(
    learners: tuple[Learner, ...],
    images: Tensor,
    labels: Tensor,
    regime: Regime,
    epoch: int,
    progress: Progress,
) -> Work[list[float]]:
    """Train each learner for an epoch: the same batches, one after the other.

    Args:
        learners: changed in place.
        images: [N, C, H, W] in [0, 1].
        labels: [N].
        regime: what they have in common.
        epoch: from 0; decides the order and the learning rate.
        progress: what to tell those who wait.

    Returns:
        The mean training loss of each.
    """
    starts, batches = regime.starts(epoch), regime.order(len(images), epoch)
    losses = [torch.zeros((), device=images.device) for _ in learners]
    for number, rows in enumerate(batches):
        done = (epoch + number / len(batches)) / regime.epochs
        rate = regime.rate(done)
        chosen = rows.to(images.device)
        for place, learner in enumerate(learners):
            step = learner.learn(images[chosen], labels[chosen], rate, starts)
            loss = yield from told(step, progress)
            losses[place] += loss * len(rows)
    return [float(loss) / len(images) for loss in losses]


def told(steps: Generator[None, None, R], progress: Progress) -> Work[R]:
    """Tell after every step, and after the last one, how far the work is."""
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            yield progress
            found: R = finished.value
            return found
        yield progress
