"""What an attack returns, and the check that makes it true."""

from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.attacks.history import History
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query
from advviz.threat_models import L2Ball, LinfBall


@dataclass(frozen=True, slots=True, eq=False)
class AttackResult:
    """Adversarial images, and what the unmodified classifier says of exactly those.

    Args:
        images: [N, C, H, W] in [0, 1], within the ball.
        success: [N]; the objective's goal is reached, by an exact query.
        original_logits: [N, K] of the images attacked.
        logits: [N, K] of the images returned.
        eight_bit_logits: [N, K] of the images as saved to an 8-bit file.
        l2: measured distance [N], float64.
        linf: measured distance [N], float64.
        zero_gradient_steps: [N] steps at which the gradient was exactly zero.
        history: of every step, during the search; None where nothing was recorded.
    """

    images: Tensor
    success: Tensor
    original_logits: Tensor
    logits: Tensor
    eight_bit_logits: Tensor
    l2: Tensor
    linf: Tensor
    zero_gradient_steps: Tensor
    history: History | None


def rounded_to_eight_bits(images: Tensor) -> Tensor:
    """Return the images as they come back from a PNG file."""
    return (images * 255).round() / 255


def verified(
    images: Tensor,
    adversarial: Tensor,
    objective: Objective,
    history: History | None,
    zero_gradient_steps: Tensor,
) -> Procedure[AttackResult]:
    """Ask the unmodified classifier about the finished images, as they are and in 8 bits.

    Args:
        images: [N, C, H, W], the images attacked.
        adversarial: [N, C, H, W], the images to return.
        objective: whose goal decides about success.
        history: to pass on.
        zero_gradient_steps: to pass on.
    """
    together = torch.cat([images, adversarial, rounded_to_eight_bits(adversarial)])
    progress = Progress("verification", 0, 1, adversarial[0])
    answer: Answer = yield Query(together, gradient=False, exact=True, progress=progress)
    original, logits, eight_bit = answer.logits.chunk(3)
    margins = objective.margins(logits)
    success = margins > 0 if margins is not None else logits.new_ones(len(images), dtype=torch.bool)
    return AttackResult(
        images=adversarial,
        success=success,
        original_logits=original,
        logits=logits,
        eight_bit_logits=eight_bit,
        l2=L2Ball(0).distance(images, adversarial),
        linf=LinfBall(0).distance(images, adversarial),
        zero_gradient_steps=zero_gradient_steps,
        history=history,
    )
