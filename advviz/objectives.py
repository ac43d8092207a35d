"""Objectives: what a procedure wants to increase, one scalar a row.

An objective is data: a *tap* (the logits, or a named layer) and per-row tensors. The
network runs forward to the tap, the objective is evaluated on what is found there, and its
gradient is pulled back to the pixels. So rows with different objectives can share a pass.
"""

from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor
from torch.nn import functional

from advviz.errors import InvalidInputError

LOGITS = "logits"
TIE = 1e-12
"""What keeps the ratio of DLR finite where its logits are equal."""


class Objective(Protocol):
    """One scalar a row, to increase."""

    @property
    def tap(self) -> str:
        """Name the place it looks at: "logits", or a layer as in `named_modules`."""
        ...

    def values(self, activations: Tensor) -> Tensor:
        """Evaluate the rows [N] on what is found at the tap [N, ...]."""
        ...

    def margins(self, logits: Tensor) -> Tensor | None:
        """Say how far each row's decision is past the goal, in logits [N]; > 0 is success.

        None where the objective aims at no decision.
        """
        ...

    def select(self, rows: Tensor) -> Self:
        """Return the objective of the given rows (indices, repeats allowed)."""
        ...


def _runner_up(logits: Tensor, classes: Tensor) -> Tensor:
    """Return the largest logit [N] among all classes but the given one.

    The class is masked with −inf, not by multiplication, which fails for negative logits.
    """
    own = functional.one_hot(classes, logits.shape[1]).bool()
    return logits.masked_fill(own, -torch.inf).amax(1)


def _of_class(logits: Tensor, classes: Tensor) -> Tensor:
    return logits.gather(1, classes[:, None]).squeeze(1)


def _check_classes(logits: Tensor, classes: Tensor) -> None:
    count = logits.shape[1]
    if logits.is_cuda or not len(classes):
        return  # on a GPU the check would wait for the device; `gather` checks there
    low, high = int(classes.min()), int(classes.max())
    if low < 0 or high >= count:
        raise InvalidInputError(f"classes must lie in [0, {count}), got {low} to {high}")


def _check_count(logits: Tensor, least: int, why: str) -> None:
    if logits.shape[1] < least:
        raise InvalidInputError(
            f"{why}, which needs at least {least} classes, got {logits.shape[1]}; "
            "use the cross-entropy or the margin"
        )


@dataclass(frozen=True, slots=True, eq=False)
class _ClassObjective:
    """An objective about one class a row: raise it, or lower it."""

    classes: Tensor  # int64 [N]
    raised: bool = True  # False: away from the class

    @property
    def tap(self) -> str:
        return LOGITS

    @property
    def _sign(self) -> float:
        return 1.0 if self.raised else -1.0

    def margins(self, logits: Tensor) -> Tensor:
        """Return the class's logit minus the largest other one, or the reverse: away."""
        _check_classes(logits, self.classes)
        return self._sign * (_of_class(logits, self.classes) - _runner_up(logits, self.classes))

    def select(self, rows: Tensor) -> Self:
        """Return the objective of the given rows."""
        return type(self)(self.classes[rows], self.raised)


class CrossEntropy(_ClassObjective):
    """Minus the cross-entropy towards a class; plus the cross-entropy, away from it."""

    __slots__ = ()

    def values(self, activations: Tensor) -> Tensor:
        """Return ±log softmax of the class."""
        _check_classes(activations, self.classes)
        return -self._sign * functional.cross_entropy(activations, self.classes, reduction="none")


class Logit(_ClassObjective):
    """The logit of a class, or its negative."""

    __slots__ = ()

    def values(self, activations: Tensor) -> Tensor:
        """Return the class's logit, with its sign."""
        _check_classes(activations, self.classes)
        return self._sign * _of_class(activations, self.classes)


class Probability(_ClassObjective):
    """The probability of a class, or its negative.

    It saturates: where a network is sure, its gradient vanishes. It is for what asks for values
    alone.
    """

    __slots__ = ()

    def values(self, activations: Tensor) -> Tensor:
        """Return the softmax of the class, with its sign."""
        _check_classes(activations, self.classes)
        return self._sign * _of_class(activations.softmax(1), self.classes)


class Margin(_ClassObjective):
    """The class's logit minus the largest other one, or the reverse."""

    __slots__ = ()

    def values(self, activations: Tensor) -> Tensor:
        """Return the margin; positive where the goal is reached."""
        return self.margins(activations)


class DLR(_ClassObjective):
    """The margin as a share of the distance between the first and the third largest logit.

    Neither a shift nor a positive scale of the logits changes it, so that saturated logits
    hide no gradient. Reference: Croce & Hein, ICML 2020, section 4, arXiv:2003.01690.
    """

    __slots__ = ()

    def values(self, activations: Tensor) -> Tensor:
        """Return the margin over the difference; positive where the goal is reached."""
        _check_count(activations, 3, "DLR compares the first logit with the third")
        largest = activations.topk(3, dim=1).values
        return self.margins(activations) / (largest[:, 0] - largest[:, 2] + TIE)


ClassLoss = CrossEntropy | Logit | Margin | DLR

LOSSES: dict[str, type[ClassLoss]] = {
    "cross-entropy": CrossEntropy,
    "logit": Logit,
    "margin": Margin,
    "dlr": DLR,
}


def towards(classes: Tensor, loss: str = "cross-entropy") -> ClassLoss:
    """Make the objective of a targeted attack.

    Args:
        classes: target class indices, int64 [N].
        loss: "cross-entropy", "logit", "margin" or "dlr".

    Raises:
        InvalidInputError: an unknown loss.
    """
    return _loss(loss)(classes, True)


def away_from(classes: Tensor, loss: str = "cross-entropy") -> ClassLoss:
    """Make the objective of an untargeted attack on rows of the given true classes.

    Args:
        classes: true class indices, int64 [N].
        loss: "cross-entropy", "logit", "margin" or "dlr".

    Raises:
        InvalidInputError: an unknown loss.
    """
    return _loss(loss)(classes, False)


def _loss(name: str) -> type[ClassLoss]:
    if name not in LOSSES:
        raise InvalidInputError(f"loss must be one of {', '.join(LOSSES)}, got {name!r}")
    return LOSSES[name]


@dataclass(frozen=True, slots=True, eq=False)
class TargetedDLR:
    """Away from one class in the direction of another, as a share of a difference of logits.

    The difference is that of the largest logit to the mean of the third and the fourth, which
    depends on neither of the two classes alone. Reference: Croce & Hein, ICML 2020, section 5,
    arXiv:2003.01690.

    Args:
        goal: decides about success.
        classes: to leave, int64 [N].
        targets: to move towards, int64 [N].
    """

    goal: _ClassObjective
    classes: Tensor
    targets: Tensor

    @property
    def tap(self) -> str:
        """Name the logits."""
        return LOGITS

    def values(self, activations: Tensor) -> Tensor:
        """Return the target's lead over the class to leave, over the difference [N]."""
        _check_count(activations, 4, "targeted DLR looks at the four largest logits")
        _check_classes(activations, self.targets)
        largest = activations.topk(4, dim=1).values
        lead = _of_class(activations, self.targets) - _of_class(activations, self.classes)
        return lead / (largest[:, 0] - largest[:, 2:].mean(1) + TIE)

    def margins(self, logits: Tensor) -> Tensor:
        """Return how far the goal is reached, which may be in another class than the target."""
        return self.goal.margins(logits)

    def select(self, rows: Tensor) -> "TargetedDLR":
        """Return the objective of the given rows."""
        return TargetedDLR(self.goal.select(rows), self.classes[rows], self.targets[rows])


def pooled(activations: Tensor, layer: str) -> Tensor:
    """Average what a layer puts out over all positions or tokens.

    Args:
        activations: [N, C], tokens [N, T, C] or [N, C, H, W].
        layer: its name, for the refusal.

    Returns:
        [N, C].

    Raises:
        InvalidInputError: another shape.
    """
    averaged: dict[int, tuple[int, ...]] = {2: (), 3: (1,), 4: (2, 3)}
    if activations.ndim not in averaged:
        raise InvalidInputError(
            f"layer {layer!r} must give [N, C], [N, T, C] or [N, C, H, W], "
            f"got {activations.ndim} dimensions; choose another layer"
        )
    over = averaged[activations.ndim]
    return activations.mean(over) if over else activations


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """One unit a row of a named layer.

    Of a layer with spatial extent this is a channel, averaged over all positions; of a
    transformer's tokens [N, T, C], one averaged over all tokens.

    Args:
        layer: name as in `module.named_modules()`.
        units: channel or feature indices, int64 [N].
    """

    layer: str
    units: Tensor

    @property
    def tap(self) -> str:
        """Name the layer."""
        return self.layer

    def values(self, activations: Tensor) -> Tensor:
        """Return the activation of each row's unit."""
        features = pooled(activations, self.layer)
        count = features.shape[1]
        if not activations.is_cuda and len(self.units):
            low, high = int(self.units.min()), int(self.units.max())
            if low < 0 or high >= count:
                raise InvalidInputError(
                    f"units must lie in [0, {count}) of layer {self.layer!r}, got {low} to {high}"
                )
        return _of_class(features, self.units)

    def margins(self, logits: Tensor) -> None:
        """Aim at no decision."""

    def select(self, rows: Tensor) -> "Unit":
        """Return the objective of the given rows."""
        return Unit(self.layer, self.units[rows])
