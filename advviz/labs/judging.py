"""What a network trained in a lab withstands, judged by attacks that it was not trained with."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from advviz.attacks.catalogue import Goal, attack_named
from advviz.attacks.parameters import APGD, PGD
from advviz.labs.turns import Work, answered_by
from advviz.models.classifier import Classifier
from advviz.noise import Noise
from advviz.protocol import Answer, Call, Procedure, Progress, Query
from advviz.threat_models import ThreatModel

ROWS = 128  # images attacked at once: a question must be answered within a quarter of a second
APGD_STEPS = 100
"""Of Auto-PGD, as in AutoAttack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Attacks within one ball.

    Args:
        threat: the ball.
        steps: of projected gradient descent.
        restarts: its independent searches, from random points.
        seed: of every search.
    """

    threat: ThreatModel
    steps: int
    restarts: int
    seed: int

    def panel(self) -> Mapping[str, PGD | APGD]:
        """Return the attacks of the verdict at the end, by name, with what they are told."""
        return {
            "pgd": PGD(steps=self.steps, random_start=True, restarts=self.restarts),
            "apgd-ce": APGD(steps=APGD_STEPS),
            "apgd-dlr": APGD(steps=APGD_STEPS),
        }

    def in_full(self) -> dict[str, Any]:
        """Describe the panel as JSON has it."""
        return {
            "norm": self.threat.norm,
            "eps": self.threat.eps,
            "seed": self.seed,
            "attacks": {
                name: {"title": attack_named(name).title, **asdict(params)}
                for name, params in self.panel().items()
            },
            "counts": "an image counts as robust if it is right and no attack makes it wrong",
        }


def right(network: nn.Module, images: Tensor, labels: Tensor, progress: Progress) -> Work[Tensor]:
    """Say of each image [N, C, H, W] whether the network is right about it, [N]."""
    found = []
    for chosen, known in zip(torch.split(images, ROWS), torch.split(labels, ROWS), strict=True):
        with torch.no_grad():
            found.append(network(chosen).argmax(1) == known)
        yield progress
    return torch.cat(found)


def survivors(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    judge: Judge,
    name: str,
    params: PGD | APGD,
    progress: Progress,
) -> Procedure[Tensor]:
    """Attack the images that are right.

    Args:
        network: maps pixels to logits; a copy of it that nobody trains meanwhile.
        images: [N, C, H, W] in [0, 1].
        labels: [N].
        judge: the ball and the seed.
        name: of the attack in the catalogue.
        params: what the attack is told.
        progress: what to tell those who wait.

    Returns:
        Whether each image is right, and stays so, [N].
    """
    classifier = Classifier(network)
    found = []
    for chosen, known in zip(torch.split(images, ROWS), torch.split(labels, ROWS), strict=True):
        query = Query(chosen, gradient=False, exact=True)
        answer: Answer = yield Call(partial(_answer, classifier, query), progress)
        survived = answer.logits.argmax(1) == known
        rows = survived.nonzero().flatten()
        if len(rows):
            search = attack_named(name).make(
                chosen[rows],
                Goal(labels=known[rows]),
                judge.threat,
                params,
                noise=Noise(judge.seed),
                early_stop=True,
                record="nothing",
            )
            attacked = yield from answered_by(classifier, search, progress)
            survived[rows] = ~attacked.success
        found.append(survived)
    return torch.cat(found)


@dataclass(frozen=True, slots=True)
class Moved:
    """How far attacks of one strength move what a network says.

    Args:
        right: images that are right after the attack.
        answers: mean change of the answer: half the sum of the changes of all probabilities.
        at_random: the same after random changes of the same size.
        distance: mean measured distance of the attacked images.
    """

    right: int
    answers: float
    at_random: float
    distance: float


def moved(
    network: nn.Module, images: Tensor, labels: Tensor, judge: Judge, progress: Progress
) -> Procedure[Moved]:
    """Attack with all of a radius, and measure how far the answers move.

    The search goes on after an image is fooled; beside it stands a random point of the ball's
    surface, cut to the box.
    """
    threat, noise = judge.threat, Noise(judge.seed)
    params = PGD(steps=judge.steps, random_start=True)
    classifier = Classifier(network)
    search = attack_named("pgd").make(
        images, Goal(labels=labels), threat, params, noise=noise, record="nothing"
    )
    attacked = yield from answered_by(classifier, search, progress)
    direction = noise.streams(images).normal("random change")
    shaken = threat.project(images, threat.stepped(images, direction, threat.eps))
    query = Query(shaken, gradient=False, exact=True)
    answer: Answer = yield Call(partial(_answer, classifier, query), progress)
    before = attacked.original_logits.softmax(1)
    return Moved(
        right=int((attacked.logits.argmax(1) == labels).sum()),
        answers=_far(before, attacked.logits.softmax(1)),
        at_random=_far(before, answer.logits.softmax(1)),
        distance=float(threat.distance(images, attacked.images).mean()),
    )


def _answer(classifier: Classifier, query: Query, _module: nn.Module) -> Answer:
    return classifier.answer(query)


def _far(before: Tensor, after: Tensor) -> float:
    """Return the mean total variation distance of probabilities [N, K]."""
    return float((after - before).abs().sum(1).mean() / 2)
