"""The fast gradient sign method."""

from torch import Tensor

from advviz.attacks.goal import Goal
from advviz.attacks.history import Record
from advviz.attacks.parameters import FGSM
from advviz.attacks.pgd import PGDParams, pgd
from advviz.attacks.result import AttackResult
from advviz.noise import Noise
from advviz.protocol import Procedure
from advviz.threat_models import ThreatModel


def fgsm(
    images: Tensor,
    goal: Goal,
    threat: ThreatModel,
    params: FGSM,
    *,
    noise: Noise,
    early_stop: bool = False,
    record: Record = "curves",
) -> Procedure[AttackResult]:
    """Take one steepest step as long as the ball is wide; the sign of the gradient, in L-inf.

    Where the margin of the image itself, reached or not, is at least as large as that after the
    step, the image is returned.

    Args:
        images: [N, C, H, W] in [0, 1]; not modified.
        goal: the class to leave or to reach, row by row.
        threat: the ball.
        params: what the step raises.
        noise: chooses a direction where a gradient is exactly zero.
        early_stop: leave a row alone that has reached its goal without a step.
        record: what to keep of every step.

    Reference: Goodfellow et al., ICLR 2015, arXiv:1412.6572.
    """
    step = PGDParams(step_size=threat.eps, steps=1, early_stop=early_stop, record=record)
    return pgd(images, goal.objective(params.loss), threat, step, noise=noise)
