"""From the values of the training lab to its procedure; needs torch."""

import time
from collections.abc import Generator
from typing import Any

from torch import nn

from advviz.experiments.lab_training import CIFAR10, LabTrainingSpec
from advviz.experiments.result import Result
from advviz.labs.adversarial_training import Regime, TrainingAttack
from advviz.labs.cifar10 import cifar10_parts
from advviz.labs.judging import Judge
from advviz.labs.labelled import digit_parts
from advviz.labs.trained import like
from advviz.labs.training_lab import Lab, training_lab
from advviz.models.architectures import build
from advviz.models.small_networks import initialized
from advviz.threat_models import threat_model

Steps = Generator[Any, Any, Result]


def train(spec: LabTrainingSpec, device: str = "cpu") -> Steps:
    """Train and judge both networks."""
    started = time.perf_counter()
    lab = lab_of(spec, device)
    if spec.data == CIFAR10:
        parts = yield from cifar10_parts(spec.images, spec.seed)
    else:
        parts = digit_parts()
    found = yield from training_lab(lab, parts.to(device))
    facts = {
        **found.facts,
        "judge": lab.judge.in_full(),
        "classes": list(parts.classes),
        "seconds": time.perf_counter() - started,
    }
    return Result.of(found.arrays, facts)


def lab_of(spec: LabTrainingSpec, device: str = "cpu") -> Lab:
    """Return what a spec has trained, and how it is judged."""
    described = like(spec.data, spec.network)
    threat = threat_model(spec.norm, spec.eps)

    def make() -> nn.Module:
        return initialized(build(described), spec.seed).to(device)

    return Lab(
        make=make,
        attack=TrainingAttack(
            threat=threat,
            steps=spec.steps_trained_with,
            step_size=spec.step_trained_with,
            random_start=spec.starts_at_random,
        ),
        regime=Regime(
            epochs=spec.epochs,
            learning_rate=spec.learning_rate,
            batch=spec.batch,
            seed=spec.seed,
        ),
        judge=Judge(
            threat=threat,
            steps=spec.steps_judged_with,
            restarts=spec.judge_restarts,
            seed=spec.seed,
        ),
    )
