"""From a spec's values to the procedure that computes it; the only torch of this layer."""

import time
from collections.abc import Generator
from typing import Any

import torch
from torch import Tensor

from advviz.attacks import eight_bit
from advviz.attacks.catalogue import Goal, attack_named
from advviz.attacks.random_noise import random_noise
from advviz.attacks.result import AttackResult
from advviz.experiments.parameters import PREDICTED, UNTARGETED
from advviz.experiments.protocol import REFERENCE
from advviz.experiments.reference_pictures import reference_pictures
from advviz.experiments.result import Array, Result
from advviz.experiments.specs import AttackSpec, ExplainSpec, NoiseSpec, VisualizeSpec
from advviz.experiments.units import parse_unit
from advviz.explain.catalogue import Score, explainer_named
from advviz.featurevis.ascent import AscentParams, ascent, noise_images
from advviz.featurevis.fourier import FourierParams, fourier_ascent
from advviz.models.records import ModelRecord
from advviz.noise import Noise
from advviz.objectives import LOGITS, Logit, Objective, Probability, Unit, away_from, towards
from advviz.protocol import Answer, Query
from advviz.threat_models import threat_model

Steps = Generator[Any, Any, Result]


def _batch(pixels: Array, device: str) -> Tensor:
    return torch.from_numpy(pixels.copy())[None].to(device)


def _index(number: int, device: str) -> Tensor:
    return torch.tensor([number], device=device)


RECORDED = 96 * 2**20
"""Bytes up to which the picture of every step of an attack is kept: 166 steps at 224 pixels. Of
longer attacks only the first and the returned picture are."""


def predict(pixels: Array, device: str = "cpu") -> Steps:
    """Ask for the logits of an image [3, S, S]."""
    answer: Answer = yield Query(_batch(pixels, device), gradient=False, exact=True)
    return Result.of({"pixels": pixels, "logits": answer.logits[0].cpu()}, {})


def predicted_class(images: Tensor) -> Generator[Any, Any, int]:
    """Ask which class the unmodified classifier gives an image."""
    answer: Answer = yield Query(images, gradient=False, exact=True)
    return int(answer.logits.argmax())


def goal_of(
    target: str, known: str | None, described: ModelRecord, images: Tensor
) -> Generator[Any, Any, Goal]:
    """Return what an attack on one image is to reach.

    Args:
        target: a class of the model, or "any" for an untargeted attack.
        known: the class that an untargeted attack leaves; where it is None, the prediction is.
        described: the model.
        images: [1, C, H, W].
    """
    if target != UNTARGETED:
        labels = torch.tensor([described.class_index(target)], device=images.device)
        return Goal(labels=labels, targeted=True)
    away = described.class_index(known) if known else (yield from predicted_class(images))
    return Goal(labels=torch.tensor([away], device=images.device))


def attack(spec: AttackSpec, described: ModelRecord, pixels: Array, device: str = "cpu") -> Steps:
    """Attack an image [3, S, S]."""
    started = time.perf_counter()
    images = _batch(pixels, device)
    known = spec.true_class(described)
    goal = yield from goal_of(spec.target, known, described, images)
    params = spec.params
    threat = threat_model(spec.norm, spec.eps)
    search = attack_named(spec.attack).make(
        images,
        goal,
        threat,
        params,
        noise=Noise(spec.seed),
        early_stop=spec.early_stop,
        record="pictures" if (params.entries + 1) * pixels.nbytes <= RECORDED else "curves",
    )
    if spec.quantized:
        search = eight_bit.saved(images, goal.objective("margin"), threat, search)
    found = yield from search
    seconds = time.perf_counter() - started
    return _attack_result(found, spec, pixels, known, seconds)


def _attack_result(
    found: AttackResult, spec: AttackSpec, pixels: Array, known: str | None, seconds: float
) -> Result:
    arrays = {
        "original": pixels,
        "adversarial": found.images[0].cpu(),
        "original_logits": found.original_logits[0].cpu(),
        "logits": found.logits[0].cpu(),
        "eight_bit_logits": found.eight_bit_logits[0].cpu(),
    }
    facts: dict[str, Any] = {
        "success": bool(found.success[0]),
        "l2": float(found.l2[0]),
        "linf": float(found.linf[0]),
        "true_class": known,
        "zero_gradient_steps": int(found.zero_gradient_steps[0]),
        "seconds": seconds,
    }
    if spec.norm == "l1":
        facts["l1"] = float(found.l1[0])
    if found.queries is not None:
        facts["queries"] = int(found.queries[0])
    history = found.history
    if history is not None:
        ends = (torch.from_numpy(pixels.copy()), found.images[0].cpu())
        arrays |= {
            "trajectory": torch.stack(ends)
            if history.pictures is None
            else history.pictures[:, 0].cpu(),
            "curve_objective": history.objective[:, 0].cpu(),
            "curve_probabilities": history.probabilities[:, 0].cpu(),
            "curve_distance": history.distance[:, 0].cpu(),
        }
        first = int(history.first_success()[0])
        facts |= {
            "steps": len(history.objective) - 1,
            "first_success": None if first < 0 else first,
        }
    return Result.of(arrays, facts)


def control(spec: NoiseSpec, pixels: Array, device: str = "cpu") -> Steps:
    """Change an image [3, S, S] at random, and count how often the answer changes."""
    threat = threat_model(spec.norm, spec.eps)
    found = yield from random_noise(
        _batch(pixels, device), threat, spec.draws, noise=Noise(spec.seed)
    )
    changed = found.logits.argmax(-1) != found.original_logits.argmax(-1)
    arrays = {
        "original_logits": found.original_logits[0].cpu(),
        "logits": found.logits[:, 0].cpu(),
        "example": found.example[0].cpu(),
    }
    return Result.of(arrays, {"changed": int(changed.sum()), "draws": spec.draws})


def explain(spec: ExplainSpec, described: ModelRecord, pixels: Array, device: str = "cpu") -> Steps:
    """Make a saliency map of an image [3, S, S]."""
    images = _batch(pixels, device)
    if spec.explained == PREDICTED:
        index = yield from predicted_class(images)
    else:
        index = described.class_index(spec.explained)
    explainer = explainer_named(spec.method)
    objective = score_of(spec.objective, explainer.score, _index(index, device))
    words: dict[str, Any] = {"noise": Noise(spec.seed)}
    if explainer.references:
        known = reference_pictures(pixels.shape[-1])
        words["references"] = torch.from_numpy(known.copy()).to(device)
    found = yield from explainer.make(images, objective, spec.params, **words)
    arrays = {
        "pixels": pixels,
        "gradient": found.attributions[0].cpu(),
        "logits": found.logits[0].cpu(),
    }
    facts = {"explained": described.classes[index], "value": float(found.values[0])}
    facts |= {
        name: float(value[0]) if isinstance(value, Tensor) else value
        for name, value in found.facts.items()
    }
    if explainer.exact:  # whatever the spec says
        facts["numerics"] = REFERENCE
    return Result.of(arrays, facts)


def score_of(name: str, cross_entropy: Score, classes: Tensor) -> Objective:
    """Return the score that a map explains.

    Args:
        name: "logit" or "cross-entropy", as a spec has it.
        cross_entropy: what the explainer makes of the cross-entropy.
        classes: int64 [N].
    """
    if "logit" in (name, cross_entropy):
        return Logit(classes)
    if cross_entropy == "probability":
        return Probability(classes)
    return towards(classes) if cross_entropy == "log-probability" else away_from(classes)


def visualize(
    spec: VisualizeSpec, described: ModelRecord, begin: Array | None, device: str = "cpu"
) -> Steps:
    """Draw a picture that excites a unit, from an image [3, S, S] or from noise."""
    tap, index = parse_unit(spec.unit, described)
    wanted = _index(index, device)
    if spec.raises_probability:
        objective: Objective = towards(wanted)
    else:
        objective = Logit(wanted) if tap == LOGITS else Unit(tap, wanted)
    noise = Noise(spec.seed)
    # Noise is keyed by the image: pictures of different classes start from the same one.
    like = torch.zeros(1, 3, described.input_size, described.input_size, device=device)
    if spec.method == "fourier":
        params = FourierParams(steps=spec.steps)
        found = yield from fourier_ascent(like, objective, params, noise=noise)
    else:
        eps, step_size = spec.resolved_sizes(described)
        plain = AscentParams(eps=eps, step_size=step_size, steps=spec.steps)
        start = noise_images(like, noise) if begin is None else _batch(begin, device)
        found = yield from ascent(start, objective, plain, noise=noise)
    arrays = {
        "start": found.start[0].cpu(),
        "picture": found.pictures[0].cpu(),
        "logits": found.logits[0].cpu(),
        "values": torch.cat([found.values[:, 0], found.final_values]).cpu(),
    }
    return Result.of(arrays, {"unit": spec.unit, "value": float(found.final_values[0])})
