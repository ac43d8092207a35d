"""Every gallery picture driven towards the next class in the list."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from advviz.attacks.pgd import PGDParams, pgd
from advviz.data import images
from advviz.data.gallery import samples
from advviz.evaluation.wilson import Share
from advviz.experiments.references import true_class
from advviz.models.classifier import Classifier
from advviz.models.loading import load_model
from advviz.models.records import ModelRecord, record
from advviz.noise import Noise
from advviz.objectives import towards
from advviz.protocol import run
from advviz.threat_models import L2Ball


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One picture, attacked: `answer` is what the model says of the image returned."""

    picture: str
    true_class: str
    target: str
    before: str
    answer: str
    confidence: float
    l2: float
    success: bool


def known_pictures(described: ModelRecord) -> dict[str, str]:
    """Return the true class of each picture offered for a model, by id, whose class it knows."""
    offered = samples(described.input_size)
    shown = {s.id: true_class(f"{images.SAMPLE_PREFIX}{s.id}", described) for s in offered}
    return {name: known for name, known in shown.items() if known is not None}


def next_class(described: ModelRecord, name: str) -> str:
    """Return the class after a class in the model's list; the first after the last."""
    return described.classes[(described.class_index(name) + 1) % len(described.classes)]


def drive(model: str, eps: float, steps: int, seed: int = 0) -> tuple[Outcome, ...]:
    """Attack all gallery pictures of known classes, each towards the next class.

    The attack is that of `advviz attack --eps EPS --steps STEPS`: targeted cross-entropy in
    L2 from the picture itself, steps of 2.5 eps / steps.
    """
    described = record(model)
    shown = known_pictures(described)
    targets = [next_class(described, known) for known in shown.values()]
    refs = [f"{images.SAMPLE_PREFIX}{name}" for name in shown]
    pixels = [images.load(ref, described.input_size).pixels for ref in refs]
    params = PGDParams(step_size=2.5 * eps / steps, steps=steps, record="nothing")
    objective = towards(torch.tensor([described.class_index(name) for name in targets]))
    start = torch.from_numpy(np.stack(pixels))
    attack = pgd(start, objective, L2Ball(eps), params, noise=Noise(seed))
    found = run(attack, Classifier(load_model(model)))
    before = [described.classes[int(row)] for row in found.original_logits.argmax(1)]
    confidence, answers = found.logits.softmax(1).max(1)
    return tuple(
        Outcome(
            picture=name,
            true_class=known,
            target=targets[row],
            before=before[row],
            answer=described.classes[int(answers[row])],
            confidence=float(confidence[row]),
            l2=float(found.l2[row]),
            success=bool(found.success[row]),
        )
        for row, (name, known) in enumerate(shown.items())
    )


def reached(outcomes: Sequence[Outcome]) -> Share:
    """Count the pictures that were driven to their target."""
    return Share(sum(outcome.success for outcome in outcomes), len(outcomes))
