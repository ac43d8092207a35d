"""What an iterative attack saw at each step."""

from dataclasses import dataclass, fields
from typing import Literal

import torch
from torch import Tensor

from advviz.protocol import Answer
from advviz.threat_models import ThreatModel

Record = Literal["nothing", "curves", "pictures"]
"""What to keep of every step."""


@dataclass(slots=True, eq=False)
class History:
    """One entry a step, the start included: T = steps + 1. Measured during the search.

    Args:
        objective: [T, N].
        probabilities: [T, N, K].
        distance: [T, N] in the ball's norm.
        scores: [T, N]; > 0 where the goal was reached.
        pictures: [T, N, C, H, W], or None.
    """

    objective: Tensor
    probabilities: Tensor
    distance: Tensor
    scores: Tensor
    pictures: Tensor | None

    def first_success(self) -> Tensor:
        """Return the first step [N] at which the goal was reached; −1 where it never was."""
        reached = self.scores > 0
        return torch.where(reached.any(0), reached.int().argmax(0), -1)

    def select(self, rows: Tensor) -> "History":
        """Return the history of some rows."""
        return History(
            self.objective[:, rows],
            self.probabilities[:, rows],
            self.distance[:, rows],
            self.scores[:, rows],
            None if self.pictures is None else self.pictures[:, rows],
        )

    def replace(self, rows: Tensor, other: "History") -> None:
        """Overwrite some rows with those of another history."""
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if mine is not None and theirs is not None:
                mine[:, rows] = theirs


class Recorder:
    """Write a history down while it happens; rows that have stopped keep their last entry."""

    def __init__(
        self,
        images: Tensor,
        threat: ThreatModel,
        length: int,
        record: Record,
    ) -> None:
        self._images, self._threat, self._length = images, threat, length
        self._record = record
        self._entries: dict[str, list[Tensor]] = {}

    def keep(
        self, step: int, active: Tensor, points: Tensor, answer: Answer, scores: Tensor
    ) -> None:
        """Write down one step of the active rows.

        Args:
            step: the step's number; steps come in order.
            active: indices [A] of the rows that have not stopped.
            points: [A, C, H, W], where they are.
            answer: what was said of them.
            scores: [A], > 0 where the goal is reached.
        """
        if self._record == "nothing":
            return
        new = {
            "objective": answer.values,
            "probabilities": answer.logits.softmax(1),
            "distance": self._threat.distance(self._images[active], points),
            "scores": scores,
        }
        if self._record == "pictures":
            new["pictures"] = points
        for name, value in new.items():
            entries = self._entries.setdefault(name, [])
            size = (len(self._images), *value.shape[1:])
            entry = entries[-1].clone() if step else value.new_zeros(size)
            entry[active] = value
            entries.append(entry)

    def history(self) -> History | None:
        """Return what was written, carried on to the full length."""
        if not self._entries:
            return None
        full = {
            name: torch.stack(entries + entries[-1:] * (self._length - len(entries)))
            for name, entries in self._entries.items()
        }
        pictures = full.pop("pictures", None)
        return History(**full, pictures=pictures)
