"""Linear classifiers of two classes, several of them trained side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from advviz.errors import InvalidInputError, UnknownNameError
from advviz.labs.examples import Examples, Meter, generator
from advviz.labs.turns import Work, in_turns
from advviz.models.halves import valued
from advviz.objectives import LOGITS
from advviz.protocol import Answer, Call, Procedure, Query

VALUES_AT_ONCE = 2**23
"""Pixel values of all networks that are trained side by side: 32 MB."""
LOOK_EVERY = 5  # steps between two looks at the held-out images
MOMENTUM = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class LinearNetworks:
    """S classifiers, each of which scores an image: (pixels - centre) @ direction + bias.

    Its two logits are minus half the score and half the score. Two logits with weights of their
    own say nothing else: only their difference matters to the cross-entropy and to its gradient.

    Args:
        centre: [S, 1, D], the mean image that each was trained on. It makes the steps of
            training even, and changes nothing of what a linear classifier can say.
        direction: [S, D, 1], the weights: positive where ink speaks for the second class.
        bias: [S, 1, 1].
        shape: (C, H, W) of an image.
    """

    centre: Tensor
    direction: Tensor
    bias: Tensor
    shape: torch.Size

    def scores(self, rows: Tensor) -> Tensor:
        """Map pixels [S, N, D] to scores [S, N, 1]."""
        return rows @ self.direction + (self.bias - self.centre @ self.direction)

    def logits(self, rows: Tensor) -> Tensor:
        """Map pixels [S, N, D] to logits [S, N, 2]."""
        half = self.scores(rows) / 2
        return torch.cat([-half, half], 2)

    def decide(self, images: Tensor) -> Procedure[Tensor]:
        """Return the class [S, N] that each gives to its images [S, N, C, H, W]."""
        found: Tensor = yield Call(lambda _module: self.logits(images.flatten(2)).argmax(2))
        return found

    def respondent(self, place: int) -> "LinearRespondent":
        """Return who answers for one of them."""
        one = slice(place, place + 1)
        return LinearRespondent(
            LinearNetworks(self.centre[one], self.direction[one], self.bias[one], self.shape)
        )

    def weights(self, place: int) -> Tensor:
        """Return what one of them multiplies the pixels by, [C, H, W]."""
        return self.direction[place, :, 0].view(self.shape)

    def replaced(self, better: Tensor, other: "LinearNetworks") -> "LinearNetworks":
        """Take another's weights in the places [S] where they are better."""
        chosen = better[:, None, None]
        return LinearNetworks(
            self.centre,
            torch.where(chosen, other.direction, self.direction),
            torch.where(chosen, other.bias, self.bias),
            self.shape,
        )


class LinearRespondent:
    """Answer queries for one linear classifier: all rows in a pass, gradients in closed form."""

    def __init__(self, network: LinearNetworks) -> None:
        self._network = network

    def answer(self, query: Query) -> Answer:
        """Answer a query about images [N, C, H, W].

        Raises:
            UnknownNameError: the objective looks at a layer: there are logits alone.
        """
        images = query.images.detach()
        logits = self._network.logits(images.flatten(1)[None])[0]
        nothing = images.new_empty(0)
        if query.objective is None:
            return Answer(logits, nothing, nothing)
        if query.objective.tap != LOGITS:
            raise UnknownNameError(f"a linear classifier has no layer {query.objective.tap!r}")
        values, cotangent = valued(query.objective, logits)
        if not query.gradient:
            return Answer(logits, values, nothing)
        gradients = (cotangent[:, 1:] - cotangent[:, :1]) / 2 @ self._network.direction[0].T
        return Answer(logits, values, gradients.view_as(images))

    def call(self, call: Call) -> Any:
        """Refuse: there is no module.

        Raises:
            InvalidInputError: always.
        """
        raise InvalidInputError(f"a linear classifier of a lab has no module to call, got {call}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearLearner:
    """Full-batch descent on the cross-entropy with Nesterov's momentum; weights and bias.

    Args:
        steps: of descent.
        lr: length of a step; None takes the inverse of the loss's steepest curvature.
        device: a processor by default, which is quick enough and the same everywhere.
    """

    steps: int
    lr: float | None = None
    device: str = "cpu"

    def together(self, images: Tensor) -> int:
        """Say how many networks may be trained side by side on images [N, C, H, W]."""
        return max(1, VALUES_AT_ONCE // images.numel())

    def learn(
        self, told: Examples, held: Examples, seeds: Sequence[int], purpose: str, meter: Meter
    ) -> Procedure[LinearNetworks]:
        """Train a network a seed; see `Learner.learn`."""
        return (yield from in_turns(self._descend(told, held, seeds, purpose, meter)))

    def _descend(
        self, told: Examples, held: Examples, seeds: Sequence[int], purpose: str, meter: Meter
    ) -> Work[LinearNetworks]:
        rows, shares = told.images.flatten(2), told.shares()[..., None]
        wanted = told.labels[..., None].to(rows)
        centre = shares.mT @ rows
        current = _fresh(centre, seeds, purpose, told.images.shape[2:])
        best, found = _Best(held), current
        yield meter.at(purpose)
        length = yield from self._step_length(rows, shares, centre, meter.at(purpose))
        speeds = torch.zeros_like(current.direction), torch.zeros_like(current.bias)
        for step in range(self.steps + 1):
            if step % LOOK_EVERY == 0 or step == self.steps:
                found = found.replaced(best.offer(current), current)
            if step == self.steps:
                break
            current, speeds = _stepped(current, speeds, rows, wanted, shares, length)
            yield meter.at(purpose, len(seeds) * (step + 1))
        meter.done += len(seeds) * self.steps
        return found

    def _step_length(self, rows: Tensor, shares: Tensor, centre: Tensor, progress: Any) -> Any:
        """Return the length of a step [S, 1, 1]: given, or by the steepest curvature."""
        if self.lr is not None:
            # Both logits' weights would step by it, in opposite directions.
            return rows.new_full((len(rows), 1, 1), 2 * self.lr)
        # The largest eigenvalue of the centred images' covariance, by power iteration; the
        # cross-entropy curves at most a quarter as much.
        direction = centre.mT + 1
        curvature = rows.new_ones((len(rows), 1, 1))
        for _ in range(POWER_STEPS):
            direction = direction / direction.norm(dim=1, keepdim=True).clamp_min(1e-30)
            seen = (rows @ direction - centre @ direction) * shares
            direction = rows.mT @ seen - centre.mT @ seen.sum(1, keepdim=True)
            curvature = direction.norm(dim=1, keepdim=True)
            yield progress
        return 1 / (0.25 * (SAFETY * curvature + 1))


POWER_STEPS = 12
SAFETY = 1.2
"""Power iteration comes from below: the curvature may be this much larger."""

Speeds = tuple[Tensor, Tensor]


def _fresh(centre: Tensor, seeds: Sequence[int], purpose: str, shape: torch.Size) -> LinearNetworks:
    """Draw first weights, uniform as those of a torch layer are, for each seed by itself."""
    size = centre.shape[2]
    drawn = [torch.rand((size + 1, 1), generator=generator(seed, purpose)) for seed in seeds]
    values = ((2 * torch.stack(drawn) - 1) / size**0.5).to(centre)
    return LinearNetworks(centre, values[:, :size], values[:, size:], shape)


def _stepped(
    current: LinearNetworks,
    speeds: Speeds,
    rows: Tensor,
    wanted: Tensor,
    shares: Tensor,
    length: Tensor,
) -> tuple[LinearNetworks, Speeds]:
    """Make one step down the mean cross-entropy."""
    errors = (current.scores(rows).sigmoid() - wanted) * shares
    total = errors.sum(1, keepdim=True)
    slopes = rows.mT @ errors - current.centre.mT @ total, total
    moving = tuple(MOMENTUM * v + g for v, g in zip(speeds, slopes, strict=True))
    direction, bias = (
        p - length * (g + MOMENTUM * v)
        for p, g, v in zip((current.direction, current.bias), slopes, moving, strict=True)
    )
    return LinearNetworks(current.centre, direction, bias, current.shape), (moving[0], moving[1])


class _Best:
    """The best accuracy on held-out images so far, and among equals the lowest loss."""

    def __init__(self, held: Examples) -> None:
        self._rows, self._labels = held.images.flatten(2), held.labels
        self._shares = held.shares()
        self._accuracy = self._shares.new_full((len(self._shares),), -1.0)
        self._loss = torch.full_like(self._accuracy, torch.inf)

    def offer(self, networks: LinearNetworks) -> Tensor:
        """Say which networks [S] are better than they were before."""
        logits = networks.logits(self._rows)
        right = logits.argmax(2) == self._labels
        accuracy = (right * self._shares).sum(1)
        costs = functional.cross_entropy(logits.mT, self._labels, reduction="none")
        loss = (costs * self._shares).sum(1)
        equal = (accuracy - self._accuracy).abs() < 1e-6
        better = torch.where(equal, loss < self._loss, accuracy > self._accuracy)
        self._accuracy = torch.where(better, accuracy, self._accuracy)
        self._loss = torch.where(better, loss, self._loss)
        return better
