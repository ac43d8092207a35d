"""The same attack by other libraries, each at its best.

Parameters are frozen, evaluation mode, no random start, a loss summed over the rows where
the library lets its user choose. Each factory takes a network, the pictures, the targets and
the attack's numbers, and returns a function that returns adversarial pictures [N, C, H, W].
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Attack = Callable[[], Tensor]


@dataclass(frozen=True)
class Task:
    """Who is attacked, and how.

    Args:
        module: frozen, in evaluation mode, pixels in [0, 1] to logits.
        pixels: [N, C, H, W].
        targets: int64 [N].
        eps: L2 radius.
        step_size: L2 length of a step.
        steps: gradient steps.
    """

    module: nn.Module
    pixels: Tensor
    targets: Tensor
    eps: float
    step_size: float
    steps: int


class ChannelsLast(nn.Module):
    """A network in channels_last inside; outside, pixels and gradients stay contiguous.

    torchattacks and ART view gradients as rows, which channels_last ones refuse.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module.to(memory_format=torch.channels_last)

    def forward(self, pixels: Tensor) -> Tensor:
        """Map pixels [N, C, H, W] to logits [N, K]."""
        logits: Tensor = self.module(_Inside.apply(pixels))
        return logits


class _Inside(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, pixels: Tensor) -> Tensor:
        return pixels.contiguous(memory_format=torch.channels_last)

    @staticmethod
    def backward(_ctx: Any, gradients: Tensor) -> Tensor:
        return gradients.contiguous()


def torchattacks(task: Task) -> Attack:
    """Use PGDL2."""
    from torchattacks import PGDL2

    attack = PGDL2(
        task.module, eps=task.eps, alpha=task.step_size, steps=task.steps, random_start=False
    )
    attack.set_mode_targeted_by_label(quiet=True)
    return lambda: attack(task.pixels, task.targets)


def foolbox(task: Task) -> Attack:
    """Use L2ProjectedGradientDescentAttack, without the check that it appends to a call."""
    from foolbox import PyTorchModel
    from foolbox.attacks import L2ProjectedGradientDescentAttack
    from foolbox.criteria import TargetedMisclassification

    model = PyTorchModel(task.module, bounds=(0, 1), device="cpu")
    attack = L2ProjectedGradientDescentAttack(
        abs_stepsize=task.step_size, steps=task.steps, random_start=False
    )
    criterion = TargetedMisclassification(task.targets)
    return lambda: attack.run(model, task.pixels, criterion, epsilon=task.eps)


def art(task: Task) -> Attack:
    """Use ProjectedGradientDescentPyTorch.

    Its success check, which a call computes for a log that is off, cannot be switched off.
    """
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier

    with torch.no_grad():
        classes = task.module(task.pixels[:1]).shape[1]
    classifier = PyTorchClassifier(
        model=task.module,
        loss=nn.CrossEntropyLoss(reduction="sum"),
        input_shape=tuple(task.pixels.shape[1:]),
        nb_classes=classes,
        clip_values=(0.0, 1.0),
        device_type="cpu",
    )
    attack = ProjectedGradientDescentPyTorch(
        classifier,
        norm=2,
        eps=task.eps,
        eps_step=task.step_size,
        max_iter=task.steps,
        targeted=True,
        batch_size=len(task.pixels),
        verbose=False,
    )
    pixels, targets = task.pixels.numpy(), task.targets.numpy()
    return lambda: torch.from_numpy(attack.generate(pixels, targets))


def captum(task: Task) -> Attack:
    """Use captum.robust.PGD.

    It steps by the sign of the gradient in L2 too: the step is given the same L2 length. Its
    own loss takes the logarithm of logits, and its threshold would take small gradients for
    zero: both are replaced.
    """
    from captum.robust import PGD

    def loss(logits: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(logits, targets, reduction="none")

    attack = PGD(task.module, loss, lower_bound=0.0, upper_bound=1.0)
    attack.fgsm.zero_thresh = 0.0
    step = task.step_size / sqrt(task.pixels[0].numel())
    return lambda: attack.perturb(
        task.pixels,
        radius=task.eps,
        step_size=step,
        step_num=task.steps,
        target=task.targets,
        targeted=True,
        norm="L2",
    )


ATTACKS: Mapping[str, Callable[[Task], Attack]] = MappingProxyType(
    {"torchattacks": torchattacks, "Foolbox": foolbox, "ART": art, "Captum": captum}
)
PACKAGES = ("torchvision", "torchattacks", "foolbox", "adversarial-robustness-toolbox", "captum")
