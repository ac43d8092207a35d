"""What an attack returns, and the check that makes it true."""

from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.attacks.history import History
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query
from advviz.threat_models import L1Ball, L2Ball, LinfBall, ThreatModel


@dataclass(frozen=True, slots=True, eq=False)
class AttackResult:
    """Adversarial images, and what the unmodified classifier says of exactly those.

    Args:
        images: [N, C, H, W] in [0, 1], within the ball; of an attack that looks for the
            smallest change, wherever it found it.
        success: [N]; the goal is reached within the ball, by an exact query.
        original_logits: [N, K] of the images attacked.
        logits: [N, K] of the images returned.
        eight_bit_logits: [N, K] of the images as saved to an 8-bit file.
        l1: measured distance [N], float64.
        l2: measured distance [N], float64.
        linf: measured distance [N], float64.
        zero_gradient_steps: [N] steps at which the gradient was exactly zero.
        history: of every step, during the search; None where nothing was recorded.
        queries: [N] questions asked of the classifier until the goal was reached; None where
            an attack does not count them.
    """

    images: Tensor
    success: Tensor
    original_logits: Tensor
    logits: Tensor
    eight_bit_logits: Tensor
    l1: Tensor
    l2: Tensor
    linf: Tensor
    zero_gradient_steps: Tensor
    history: History | None
    queries: Tensor | None = None


def rounded_to_eight_bits(images: Tensor) -> Tensor:
    """Return the images as they come back from a PNG file."""
    return (images * 255).round() / 255


def verified(
    images: Tensor,
    adversarial: Tensor,
    objective: Objective,
    history: History | None,
    zero_gradient_steps: Tensor,
    *,
    within: ThreatModel | None = None,
    queries: Tensor | None = None,
) -> Procedure[AttackResult]:
    """Ask the unmodified classifier about the finished images, as they are and in 8 bits.

    Args:
        images: [N, C, H, W], the images attacked.
        adversarial: [N, C, H, W], the images to return.
        objective: whose goal decides about success.
        history: to pass on.
        zero_gradient_steps: to pass on.
        within: the ball in which a change counts as a success; None where it cannot be outside.
        queries: to pass on.
    """
    together = torch.cat([images, adversarial, rounded_to_eight_bits(adversarial)])
    progress = Progress("verification", 0, 1, adversarial[0])
    answer: Answer = yield Query(together, gradient=False, exact=True, progress=progress)
    original, logits, eight_bit = answer.logits.chunk(3)
    margins = objective.margins(logits)
    success = margins > 0 if margins is not None else logits.new_ones(len(images), dtype=torch.bool)
    if within is not None:
        success = success & (within.distance(images, adversarial) <= within.eps)
    return AttackResult(
        images=adversarial,
        success=success,
        original_logits=original,
        logits=logits,
        eight_bit_logits=eight_bit,
        l1=L1Ball(0).distance(images, adversarial),
        l2=L2Ball(0).distance(images, adversarial),
        linf=LinfBall(0).distance(images, adversarial),
        zero_gradient_steps=zero_gradient_steps,
        history=history,
        queries=queries,
    )
