"""What pictures are to raise: objectives at one tap or at several, and how far apart they stay.

A query looks at one tap. So a sum of terms at different taps is asked tap by tap, and the
answers add up: as many passes as there are taps.
"""

from dataclasses import dataclass, replace

from torch import Tensor

from advviz.featurevis.diversity import Apart, pushed
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query


@dataclass(frozen=True, slots=True, eq=False)
class Goal:
    """A sum of objectives, each at a tap of its own.

    Args:
        parts: one for each tap; of the same rows.
        apart: pushes the pictures apart; it turns directions and is in no value.
    """

    parts: tuple[Objective, ...]
    apart: Apart | None = None

    def select(self, rows: Tensor) -> "Goal":
        """Return the goal of the given rows, which may be of one picture: not pushed apart."""
        return Goal(tuple(part.select(rows) for part in self.parts))

    def ask(
        self,
        images: Tensor,
        *,
        gradient: bool = True,
        exact: bool = False,
        progress: Progress | None = None,
    ) -> Procedure[Answer]:
        """Ask for the sum, tap by tap; see `Query`."""
        total: Answer = yield Query(
            images, self.parts[0], gradient=gradient, exact=exact, progress=progress
        )
        for part in self.parts[1:]:
            more: Answer = yield Query(images, part, gradient=gradient, exact=exact)
            total = replace(
                total,
                values=total.values + more.values,
                gradients=total.gradients + more.gradients,
                degraded=total.degraded or more.degraded,
            )
        if not gradient:
            return total
        return replace(total, gradients=(yield from self.push(images, total.gradients)))

    def push(self, images: Tensor, gradients: Tensor) -> Procedure[Tensor]:
        """Turn the directions of several pictures away from each other; see `pushed`."""
        if self.apart is None:
            return gradients
        return (yield from pushed(images, gradients, self.apart))


def goal_of(raised: Objective | Goal) -> Goal:
    """Return a goal; of a single objective, that alone."""
    return raised if isinstance(raised, Goal) else Goal((raised,))
