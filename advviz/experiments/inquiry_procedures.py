"""From the values of an inquiry to the procedure that computes it; needs torch."""

import time
from collections.abc import Callable, Generator, Sequence
from math import sqrt
from typing import Any

import torch
from torch import Tensor

from advviz.attacks.defences import NAMES, defended
from advviz.attacks.loss_surface import loss_surface
from advviz.attacks.pgd import PGDParams, pgd
from advviz.attacks.result import AttackResult
from advviz.attacks.smallest import smallest
from advviz.experiments.inquiries import DefencesSpec, SmallestSpec, SurfaceSpec
from advviz.experiments.parameters import UNTARGETED, resolved_step_size
from advviz.experiments.procedures import predicted_class
from advviz.experiments.result import Array, Result
from advviz.fields import AUTO
from advviz.models.records import ModelRecord
from advviz.noise import Noise
from advviz.objectives import Objective, away_from, towards
from advviz.protocol import Procedure
from advviz.threat_models import ThreatModel

Steps = Generator[Any, Any, Result]


def _batch(pixels: Array, device: str) -> Tensor:
    return torch.from_numpy(pixels.copy())[None].to(device)


def smallest_change(
    spec: SmallestSpec, described: ModelRecord, pixels: Array, device: str = "cpu"
) -> Steps:
    """Search the smallest change of an image [3, S, S]."""
    started = time.perf_counter()
    images = _batch(pixels, device)
    goal = yield from _goal(spec, described, images)

    def attack(threat: ThreatModel) -> Procedure[AttackResult]:
        params = PGDParams(
            step_size=resolved_step_size(AUTO, threat.eps, spec.steps),
            steps=spec.steps,
            random_start=spec.restarts > 1,
            restarts=spec.restarts,
            early_stop=True,
            record="nothing",
        )
        return pgd(images, goal(spec.loss), threat, params, noise=Noise(spec.seed))

    found = yield from smallest(
        images,
        goal("margin"),
        spec.norm,
        attack,
        limit=_longest(spec.norm, images),
        tolerance=spec.tolerance,
    )
    arrays = {"original": pixels, "original_logits": found.original_logits[0].cpu()}
    facts: dict[str, Any] = {
        "distance": found.distance,
        "held": found.held,
        "trials": [[trial.eps, trial.reached] for trial in found.trials],
        "true_class": spec.true_class(described),
        "seconds": time.perf_counter() - started,
    }
    if found.found is not None:
        arrays |= {
            "adversarial": found.found.images[0].cpu(),
            "logits": found.found.logits[0].cpu(),
            "eight_bit_logits": found.found.eight_bit_logits[0].cpu(),
        }
    return Result.of(arrays, facts)


def _goal(
    spec: SmallestSpec, described: ModelRecord, images: Tensor
) -> Generator[Any, Any, Callable[[str], Objective]]:
    """Return what makes the objective of a loss: towards the target, or away from the class."""
    if spec.target != UNTARGETED:
        target = torch.tensor([described.class_index(spec.target)], device=images.device)
        return lambda loss: towards(target, loss)
    known = spec.true_class(described)
    index = described.class_index(known) if known else (yield from predicted_class(images))
    left = torch.tensor([index], device=images.device)
    return lambda loss: away_from(left, loss)


def _longest(norm: str, images: Tensor) -> float:
    """Return the longest distance between two images in the box [0, 1]."""
    values = float(images[0].numel())
    return {"l1": values, "l2": sqrt(values), "linf": 1.0}[norm]


def defences(spec: DefencesSpec, pixels: Sequence[Array], device: str = "cpu") -> Steps:
    """Try every defence on images [3, S, S]."""
    images = torch.cat([_batch(each, device) for each in pixels])
    found = yield from defended(images, noise=Noise(spec.seed))
    arrays = {"pictures": found.pictures, "logits": found.logits.cpu()}
    return Result.of(arrays, {"names": list(NAMES)})


def surface(spec: SurfaceSpec, attack: Result, device: str = "cpu") -> Steps:
    """Ask about a grid around the image that an attack started from."""
    original = _batch(attack.arrays["original"], device)
    attacked = _batch(attack.arrays["adversarial"], device)
    found = yield from loss_surface(original, attacked, int(spec.points), noise=Noise(spec.seed))
    arrays = {
        "along": found.along.cpu(),
        "across": found.across.cpu(),
        "logits": found.logits.cpu(),
    }
    return Result.of(arrays, {"length": found.length})
