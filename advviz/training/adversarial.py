"""The inner maximization of adversarial training.

Madry et al., ICLR 2018, arXiv:1706.06083: minimize over weights the mean over images of the
largest loss within the ball. The few-step attack here is for speed; what a trained model
withstands is measured with the attacks in `advviz.attacks`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from advviz.threat_models import ThreatModel


@dataclass(frozen=True, slots=True)
class BatchStream:
    """Random rows for training images, in the order of one generator."""

    like: Tensor
    generator: torch.Generator

    def normal(self, purpose: str, draw: int = 0) -> Tensor:
        """Draw standard normal numbers [N, C, H, W]."""
        del purpose, draw  # training numbers are told apart by their order alone
        return torch.randn(self.like.shape, generator=self.generator).to(self.like)

    def uniform(self, purpose: str, draw: int = 0) -> Tensor:
        """Draw one number in [0, 1) for each image [N, 1, 1, 1]."""
        del purpose, draw
        return torch.rand((len(self.like), 1, 1, 1), generator=self.generator).to(self.like)


def hardest_images(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    threat: ThreatModel,
    *,
    steps: int,
    step_size: float,
    stream: BatchStream,
) -> Tensor:
    """Raise the loss by projected gradient ascent from a random point of the ball.

    Batch norm uses its running statistics meanwhile (Pang et al., arXiv:2010.00467), and the
    caller's training mode is restored.

    Args:
        network: maps pixels in [0, 1] to logits.
        images: [N, C, H, W] in [0, 1].
        labels: [N].
        threat: the ball.
        steps: of ascent, >= 1.
        step_size: in the ball's norm.
        stream: for the random start.

    Returns:
        Images [N, C, H, W] in [0, 1] within the ball.
    """
    was_training = network.training
    network.eval()
    adversarial = threat.start(images, stream)
    for _ in range(steps):
        adversarial.requires_grad_(True)
        with torch.autocast(images.device.type, torch.bfloat16):
            logits = network(adversarial)
        loss = functional.cross_entropy(logits.float(), labels, reduction="sum")
        (gradients,) = torch.autograd.grad(loss, adversarial)
        candidates = adversarial.detach() + step_size * threat.steepest(gradients)
        adversarial = threat.project(images, candidates)
    network.train(was_training)
    return adversarial
