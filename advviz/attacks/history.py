"""What an iterative attack saw at each step."""

from dataclasses import dataclass, fields
from typing import Literal

import torch
from torch import Tensor

from advviz.protocol import Answer
from advviz.threat_models import ThreatModel


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
        record: Literal["nothing", "curves", "pictures"],
    ) -> None:
        self._images, self._threat, self._length = images, threat, length
        self._record = record
        self._entries: dict[str, list[Tensor]] = {}

    def keep(
        self, step: int, active: Tensor, current: Tensor, answer: Answer, scores: Tensor
    ) -> None:
        """Write down one step of the active rows.

        Args:
            step: the step's number; steps come in order.
            active: indices of the rows that the answer speaks of.
            current: [N, C, H, W], all rows.
            answer: about the active rows.
            scores: [N], all rows; meaningless where a row is not active.
        """
        if self._record == "nothing":
            return
        new = {
            "objective": answer.values,
            "probabilities": answer.logits.softmax(1),
            "distance": self._threat.distance(self._images[active], current[active]),
            "scores": scores[active],
        }
        if self._record == "pictures":
            new["pictures"] = current[active]
        for name, value in new.items():
            entries = self._entries.setdefault(name, [])
            entry = entries[-1].clone() if step else value.new_zeros(len(current), *value.shape[1:])
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
