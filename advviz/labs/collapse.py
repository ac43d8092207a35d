"""Catastrophic overfitting: a network that learns its own training attack, and nothing else.

Trained with one long step from the image itself, a network can come to bend its loss just where
that step looks. It then withstands the step better than ever, and a search of several steps
fools it on nearly every image. Reference: Wong, Rice, Kolter, ICLR 2020, arXiv:2001.03994.
"""

from collections.abc import Sequence
from dataclasses import dataclass

LOST = 0.5
"""Share of its best accuracy under the judging attack that a collapsed network has lost."""
GAP = 0.4
"""By so much, at least, it is right more often under the attack trained with."""


@dataclass(frozen=True, slots=True)
class Collapse:
    """Where a training collapsed.

    Args:
        epoch: the first after which it shows.
        best: the epoch before it with the best judged accuracy; stopping early keeps its weights.
        before: judged accuracy then.
        after: judged accuracy after the collapse.
        own: accuracy under the training attack at the same time.
    """

    epoch: int
    best: int
    before: float
    after: float
    own: float


def collapse(judged: Sequence[float], own: Sequence[float]) -> Collapse | None:
    """Find the epoch in which a training collapsed.

    It has, once accuracy under the judging attack is less than half of its best, and at least 40
    points below accuracy under the attack trained with: a network that fails under both has lost
    its way in general.

    Args:
        judged: accuracy under the judging attack, before training and after every epoch.
        own: accuracy under the training attack, likewise.
    """
    for epoch in range(1, len(judged)):
        before = list(judged[:epoch])
        best = before.index(max(before))
        fell = judged[epoch] < (1 - LOST) * before[best]
        if fell and own[epoch] - judged[epoch] > GAP:
            return Collapse(epoch, best, before[best], judged[epoch], own[epoch])
    return None
