"""From the values of an inquiry to the procedure that computes it; needs torch."""

import time
from collections.abc import Generator, Sequence
from math import sqrt
from typing import Any

import torch
from torch import Tensor

from advviz.attacks.catalogue import attack_named
from advviz.attacks.defences import NAMES, defended
from advviz.attacks.loss_surface import loss_surface
from advviz.attacks.result import AttackResult
from advviz.attacks.smallest import smallest, smallest_at_once
from advviz.experiments.inquiries import DefencesSpec, SmallestSpec, SurfaceSpec
from advviz.experiments.procedures import goal_of
from advviz.experiments.result import Array, Result
from advviz.models.records import ModelRecord
from advviz.noise import Noise
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
    goal = yield from goal_of(spec.target, spec.true_class(described), described, images)
    chosen, limit = attack_named(spec.attack), _longest(spec.norm, images)

    def attack(threat: ThreatModel) -> Procedure[AttackResult]:
        words = {"noise": Noise(spec.seed), "early_stop": True, "record": "nothing"}
        return chosen.make(images, goal, threat, spec.params, **words)

    if chosen.minimal:
        search = smallest_at_once(images, spec.norm, attack, limit=limit)
    else:
        margin = goal.objective("margin")
        search = smallest(images, margin, spec.norm, attack, limit=limit, tolerance=spec.tolerance)
    found = yield from search
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
