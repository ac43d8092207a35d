"""What an attack is to reach."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from advviz.objectives import ClassLoss


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Goal:
    """What an attack is to reach, row by row.

    Args:
        labels: int64 [N]: the classes to leave, or to reach.
        targeted: the classes are to be reached.
    """

    labels: "Tensor"
    targeted: bool = False

    def objective(self, loss: str = "cross-entropy") -> "ClassLoss":
        """Return what to increase on the way: "cross-entropy", "logit", "margin" or "dlr"."""
        from advviz.objectives import away_from, towards

        return towards(self.labels, loss) if self.targeted else away_from(self.labels, loss)

    def select(self, rows: "Tensor") -> "Goal":
        """Return the goal of the given rows."""
        return Goal(labels=self.labels[rows], targeted=self.targeted)
