"""Attacks whose code is Foolbox's: DeepFool, HopSkipJump and EAD.

Foolbox is imported when one of them is begun, and not before. What it finds is judged as that
of every other attack: by exact queries, on exactly the images returned.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from advviz.attacks.best import check_pixels
from advviz.attacks.goal import Goal
from advviz.attacks.helper_thread import Ask, in_helper_thread
from advviz.attacks.history import Record, Recorder
from advviz.attacks.nearest import Nearest, unchanged
from advviz.attacks.parameters import EAD, DeepFool, HopSkipJump, refuse_norm
from advviz.attacks.result import AttackResult, verified
from advviz.errors import InvalidInputError
from advviz.noise import Noise, image_digest
from advviz.objectives import LOGITS, ClassLoss
from advviz.protocol import Answer, Procedure, Query
from advviz.threat_models import ThreatModel

BEYOND = 1.001
"""Of the change that Foolbox found. HopSkipJump ends on the decision boundary itself, where the
rounding of a larger or smaller batch decides what the classifier says."""


def foreign(
    images: Tensor,
    goal: Goal,
    threat: ThreatModel,
    params: Any,
    *,
    name: str,
    noise: Noise,
    early_stop: bool = False,  # noqa: ARG001  # of no use: the smallest change is looked for
    record: Record = "curves",
) -> Procedure[AttackResult]:
    """Look for the smallest change that reaches a goal, with an attack of Foolbox.

    Images are attacked one by one, so that no random number depends on the batch.

    Args:
        images: [N, C, H, W] in [0, 1]; not modified.
        goal: the class to leave or, for EAD alone, to reach, row by row.
        threat: a ball; a change beyond it is returned all the same, but is no success.
        params: of the attack.
        name: "deepfool", "hopskipjump" or "ead".
        noise: its seed, with each image's digest, seeds Foolbox's own random numbers.
        early_stop: has no meaning here.
        record: what to keep of the image and of the end of the search.

    Returns:
        The image found of each row, the image itself where none was; how often each was asked.

    Raises:
        InvalidInputError: Foolbox is missing, or the attack cannot be targeted.
    """
    check_pixels(images)
    attack, foolbox = _attack(name, threat.norm, params), _foolbox(name)
    if goal.targeted and name != "ead":
        raise InvalidInputError(f"{name} cannot be targeted; choose another attack, or any class")
    objective, smallest = goal.objective("margin"), Nearest.of(images, threat)
    if threat.eps == 0:
        return (yield from unchanged(images, objective, threat, record))
    recorder, queries = Recorder(images, threat, 2, record), images.new_zeros(len(images)).long()
    yield from _look(0, images, objective, smallest, recorder)
    found = []
    for row, image in enumerate(images):
        task = _Task(foolbox, attack, image, goal.select(torch.tensor([row])))
        key = f"{noise.seed}|{image_digest(image)}|{name}".encode()
        seed = int.from_bytes(blake2b(key, digest_size=8).digest(), "big") >> 1
        found.append((yield from in_helper_thread(task.run, seed)))
        queries[row] = task.asked
    yield from _look(1, torch.cat(found).to(images), objective, smallest, recorder)
    history, zeros = recorder.history(), torch.zeros_like(queries)
    judged = verified(
        images, smallest.images, objective, history, zeros, within=threat, queries=queries
    )
    return (yield from judged)


def _look(
    step: int, points: Tensor, objective: ClassLoss, smallest: Nearest, recorder: Recorder
) -> Procedure[None]:
    """Ask the unmodified classifier about all rows, and take it down."""
    answer: Answer = yield Query(points, objective, gradient=False, exact=True)
    margins = objective.margins(answer.logits)
    smallest.offer(points, margins > 0)
    rows = torch.arange(len(points), device=points.device)
    recorder.keep(step, rows, points, answer, margins)


def _foolbox(name: str) -> Any:
    try:
        import foolbox
    except ImportError as error:
        raise InvalidInputError(
            f"{name} is Foolbox's, which cannot be imported; pip install 'advviz[foreign]'"
        ) from error
    return foolbox


def _deepfool(attacks: Any, norm: str, params: DeepFool) -> Any:
    kind = {"l2": attacks.L2DeepFoolAttack, "linf": attacks.LinfDeepFoolAttack}[norm]
    return kind(steps=params.steps, candidates=params.candidates, overshoot=params.overshoot)


def _hopskipjump(attacks: Any, norm: str, params: HopSkipJump) -> Any:
    return attacks.HopSkipJumpAttack(
        steps=params.steps,
        initial_gradient_eval_steps=params.first_evaluations,
        max_gradient_eval_steps=params.most_evaluations,
        constraint=norm,
    )


def _ead(attacks: Any, _norm: str, params: EAD) -> Any:
    return attacks.EADAttack(
        binary_search_steps=params.searches,
        steps=params.steps,
        initial_stepsize=params.learning_rate,
        confidence=params.confidence,
        regularization=params.regularization,
        decision_rule="L1",
    )


_KINDS: Mapping[str, tuple[tuple[str, ...], Callable[[Any, str, Any], Any]]] = MappingProxyType(
    {
        "deepfool": (("l2", "linf"), _deepfool),
        "hopskipjump": (("l2", "linf"), _hopskipjump),
        "ead": (("l1",), _ead),
    }
)


def _attack(name: str, norm: str, params: Any) -> Any:
    norms, make = _KINDS[name]
    refuse_norm(name, norm, norms)
    return make(_foolbox(name).attacks, norm, params)


class _Task:
    """One image for Foolbox, and what its model is made of: questions."""

    def __init__(self, foolbox: Any, attack: Any, image: Tensor, goal: Goal) -> None:
        self.foolbox, self.attack, self.goal = foolbox, attack, goal
        self.image, self.like = image.cpu()[None], image
        self.asked = 0

    def run(self, ask: Ask) -> Tensor:
        """Return the image found [1, C, H, W]; the image itself where Foolbox gives up."""

        def counted(query: Query) -> Answer:
            self.asked += len(query.images)
            return ask(query)

        model = self.foolbox.PyTorchModel(
            _Asking(counted, self.like).eval(), bounds=(0, 1), device="cpu"
        )
        kinds = self.foolbox.criteria
        wanted = kinds.TargetedMisclassification if self.goal.targeted else kinds.Misclassification
        try:
            found, _, _ = self.attack(
                model, self.image, wanted(self.goal.labels.cpu()), epsilons=None
            )
        except (AssertionError, ValueError):  # how Foolbox says that it found no start
            return self.image
        image: Tensor = self.image + BEYOND * (found.detach() - self.image)
        return image.clamp(0, 1)


class _Asking(nn.Module):
    """A network that has no weights, and asks."""

    def __init__(self, ask: Ask, like: Tensor) -> None:
        super().__init__()
        self._ask, self._like = ask, like

    def forward(self, pixels: Tensor) -> Tensor:
        """Map pixels [N, C, H, W] to logits [N, K]."""
        logits: Tensor = _Asked.apply(pixels, self._ask, self._like)
        return logits


class _Asked(torch.autograd.Function):
    """Logits by one query, and the gradient of anything that is made of them by another."""

    @staticmethod
    def forward(ctx: Any, pixels: Tensor, ask: Ask, like: Tensor) -> Tensor:
        ctx.save_for_backward(pixels)
        ctx.ask, ctx.like = ask, like
        answer = ask(Query(pixels.detach().to(like), gradient=False, exact=True))
        return answer.logits.to(pixels)

    @staticmethod
    def backward(ctx: Any, weights: Tensor) -> tuple[Tensor, None, None]:
        (pixels,) = ctx.saved_tensors
        objective = _Weighted(weights.to(ctx.like))
        answer = ctx.ask(Query(pixels.detach().to(ctx.like), objective, exact=True))
        return answer.gradients.to(pixels), None, None


class _Weighted:
    """A weighted sum of the logits: its gradient is a pullback of the weights."""

    def __init__(self, weights: Tensor) -> None:
        self.weights = weights  # [N, K]
        self.tap = LOGITS

    def values(self, logits: Tensor) -> Tensor:
        """Add up each row [N]."""
        return (logits * self.weights).sum(1)

    def margins(self, _logits: Tensor) -> None:
        """Aim at no decision."""

    def select(self, rows: Tensor) -> "_Weighted":
        """Return the objective of the given rows."""
        return _Weighted(self.weights[rows])
