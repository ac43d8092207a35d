"""The smallest change of each row that was seen to reach the goal."""

from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.attacks.history import Record, Recorder
from advviz.attacks.result import AttackResult, verified
from advviz.objectives import ClassLoss
from advviz.protocol import Answer, Procedure, Query
from advviz.threat_models import ThreatModel


@dataclass(slots=True, eq=False)
class Smallest:
    """What was found so far; only what the unmodified classifier confirmed is offered.

    Args:
        originals: [N, C, H, W].
        images: [N, C, H, W]; the original where nothing has reached the goal yet.
        distances: [N], float64; infinite where nothing has.
        threat: in whose norm distances are measured.
    """

    originals: Tensor
    images: Tensor
    distances: Tensor
    threat: ThreatModel

    @classmethod
    def of(cls, images: Tensor, threat: ThreatModel) -> "Smallest":
        """Begin with nothing."""
        distances = torch.full((len(images),), torch.inf, device=images.device).double()
        return cls(images, images, distances, threat)

    def offer(self, candidates: Tensor, reached: Tensor) -> None:
        """Keep the rows that reached the goal nearer than before."""
        distances = self.threat.distance(self.originals, candidates)
        nearer = reached & (distances < self.distances)
        self.images = torch.where(nearer[:, None, None, None], candidates, self.images)
        self.distances = torch.where(nearer, distances, self.distances)


def unchanged(
    images: Tensor, objective: ClassLoss, threat: ThreatModel, record: Record
) -> Procedure[AttackResult]:
    """Return the images themselves: in a ball of radius 0 there is nothing to look for."""
    answer: Answer = yield Query(images, objective, gradient=False, exact=True)
    rows = torch.arange(len(images), device=images.device)
    recorder = Recorder(images, threat, 1, record)
    recorder.keep(0, rows, images, answer, objective.margins(answer.logits))
    zeros = torch.zeros(len(images), dtype=torch.long, device=images.device)
    return (yield from verified(images, images, objective, recorder.history(), zeros))
