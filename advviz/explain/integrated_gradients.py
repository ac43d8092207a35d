"""Integrated gradients: the gradient along the way from a baseline to the picture."""

import numpy as np
import torch
from torch import Tensor

from advviz.explain.baselines import baseline
from advviz.explain.gradient import Explanation
from advviz.explain.parameters import BASELINES, IntegratedGradients
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query

STEPS_PER_QUERY = 8


def integrated_gradients(
    images: Tensor, objective: Objective, params: IntegratedGradients, *, noise: Noise
) -> Procedure[Explanation]:
    """Integrate the gradient along the straight path from a baseline to each image.

    The map adds up to the difference of the objective between the two ends (completeness), up
    to the error of the integral, which is reported.

    Args:
        images: [N, C, H, W] in [0, 1].
        objective: one scalar a row.
        params: the baseline, or all of them averaged; the points of the path and their rule.
        noise: one stream an image; drawn from by the noisy baseline alone.

    Returns:
        The integral times the way, [N, C, H, W] in units of the objective; as facts, the
        `difference` of the ends and the `completeness_error`, both from exact answers.

    Reference: Sundararajan et al., ICML 2017, arXiv:1703.01365.
    """
    named = BASELINES if params.baseline == "several" else (params.baseline,)
    begins = [baseline(name, images, noise=noise) for name in named]
    total = torch.zeros_like(images)
    for number, begin in enumerate(begins):
        total += yield from _along(images, begin, objective, params, number, len(begins))
    return (yield from complete(images, total / len(begins), begins, objective))


def _along(
    images: Tensor,
    begin: Tensor,
    objective: Objective,
    params: IntegratedGradients,
    number: int,
    paths: int,
) -> Procedure[Tensor]:
    """Integrate along one path, the given one of so many."""
    places, weights = nodes(params.quadrature, params.steps)
    rows = torch.arange(len(images), device=images.device)
    way, total = images - begin, torch.zeros_like(images)
    for first in range(0, params.steps, STEPS_PER_QUERY):
        part = range(first, min(first + STEPS_PER_QUERY, params.steps))
        points = torch.cat([begin + places[i] * way for i in part])
        repeated = objective.select(rows.repeat(len(part)))
        done = number * params.steps + first
        progress = Progress("integrated gradients", done, paths * params.steps)
        answer: Answer = yield Query(points, repeated, progress=progress)
        gradients = answer.gradients.view(len(part), *images.shape)
        for i, gradient in zip(part, gradients, strict=True):
            total += weights[i] * gradient
    return way * total


def complete(
    images: Tensor, attributions: Tensor, begins: list[Tensor], objective: Objective
) -> Procedure[Explanation]:
    """Measure what a map that should add up to a difference really adds up to.

    Args:
        images: [N, C, H, W].
        attributions: [N, C, H, W].
        begins: pictures [N, C, H, W] that the images are compared with, averaged over.
        objective: one scalar a row.
    """
    rows = torch.arange(len(images), device=images.device)
    ends, repeated = torch.cat([images, *begins]), objective.select(rows.repeat(1 + len(begins)))
    final: Answer = yield Query(ends, repeated, gradient=False, exact=True)
    values = final.values.view(1 + len(begins), -1)
    difference = values[0] - values[1:].mean(0)
    error = (attributions.flatten(1).sum(1) - difference).abs()
    facts = {"difference": difference, "completeness_error": error}
    return Explanation(attributions, values[0], final.logits[: len(images)], facts)


def nodes(rule: str, steps: int) -> tuple[list[float], list[float]]:
    """Return the points of a rule in [0, 1], and their weights, which add up to 1.

    Captum's trapezoid weighs n points in [0, 1] by 1/n, which adds up to (n − 1)/n; ours is the
    trapezoidal rule. The others are the same.

    Args:
        rule: one of `parameters.RULES`.
        steps: points, >= 2.
    """
    if rule == "gauss-legendre":
        places, weights = np.polynomial.legendre.leggauss(steps)
        return (0.5 + 0.5 * places).tolist(), (0.5 * weights).tolist()
    if rule == "trapezoid":
        inner = np.full(steps, 1 / (steps - 1))
        inner[[0, -1]] /= 2
        return np.linspace(0, 1, steps).tolist(), inner.tolist()
    shift = {"riemann-left": 0.0, "riemann-middle": 0.5, "riemann-right": 1.0}[rule]
    return [(i + shift) / steps for i in range(steps)], [1 / steps] * steps
