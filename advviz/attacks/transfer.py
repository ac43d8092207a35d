"""Transfer: adversarial images that were made on one model, tried on another."""

from dataclasses import dataclass

from torch import Tensor

from advviz.errors import InvalidInputError
from advviz.objectives import ClassLoss
from advviz.protocol import Answer, Procedure, Progress, Query


@dataclass(frozen=True, slots=True, eq=False)
class Transfer:
    """What a model says of finished images that were made on another one.

    Args:
        original_logits: [N, K] of the images before the attack.
        logits: [N, K] of the finished images.
        reached_before: [N]; the goal is reached without any change.
        reached: [N]; the goal is reached on the finished image.
    """

    original_logits: Tensor
    logits: Tensor
    reached_before: Tensor
    reached: Tensor

    @property
    def transferred(self) -> Tensor:
        """Say which rows [N] reach the goal because of the change."""
        return self.reached & ~self.reached_before


def transfer(images: Tensor, adversarial: Tensor, objective: ClassLoss) -> Procedure[Transfer]:
    """Try finished images on the model that answers; every answer is exact.

    Args:
        images: [N, C, H, W] in [0, 1], before the attack.
        adversarial: [N, C, H, W] in [0, 1], as an attack on another model returned them.
        objective: the goal, in the classes of the model that answers.

    Raises:
        InvalidInputError: images of different shapes.
    """
    if images.shape != adversarial.shape:
        raise InvalidInputError(
            f"the images before and after an attack must have the same shape, "
            f"got {tuple(images.shape)} and {tuple(adversarial.shape)}"
        )
    progress = Progress("transfer", 0, 2, images[0])
    before: Answer = yield Query(images, gradient=False, exact=True, progress=progress)
    progress = Progress("transfer", 1, 2, adversarial[0])
    after: Answer = yield Query(adversarial, gradient=False, exact=True, progress=progress)
    return Transfer(
        original_logits=before.logits,
        logits=after.logits,
        reached_before=objective.margins(before.logits) > 0,
        reached=objective.margins(after.logits) > 0,
    )
