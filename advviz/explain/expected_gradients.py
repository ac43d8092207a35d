"""Expected Gradients: integrated gradients, averaged over real pictures as baselines."""

import torch
from torch import Tensor

from advviz.explain.gradient import Explanation
from advviz.explain.integrated_gradients import complete
from advviz.explain.parameters import ExpectedGradients
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query

SAMPLES_PER_QUERY = 8


def expected_gradients(
    images: Tensor,
    objective: Objective,
    params: ExpectedGradients,
    *,
    noise: Noise,
    references: Tensor,
) -> Procedure[Explanation]:
    """Average (x − r) · gradient at r + a (x − r), over references r and a in [0, 1].

    Both are drawn anew for each sample, so the map estimates the mean of integrated gradients
    over the references.

    Args:
        images: [N, C, H, W] in [0, 1].
        objective: one scalar a row.
        params: how many points are drawn.
        noise: one stream an image; sample i is the same whatever the number of samples.
        references: [R, C, H, W] in [0, 1].

    Returns:
        The mean, [N, C, H, W] in units of the objective. As facts, the `difference` of the
        objective at the image from its mean over all references, and how far the map's sum is
        from it, the `completeness_error`, which falls with the number of samples.

    Reference: Erion et al., Nature Machine Intelligence 2021, arXiv:1906.10670.
    """
    streams = noise.streams(images)
    rows = torch.arange(len(images), device=images.device)
    total = torch.zeros_like(images)
    for first in range(0, params.samples, SAMPLES_PER_QUERY):
        draws = range(first, min(first + SAMPLES_PER_QUERY, params.samples))
        numbers = torch.stack([streams.uniforms(2, "expected gradients", d) for d in draws])
        chosen = references[(numbers[..., 0] * len(references)).long().to(images.device)]
        ways = images - chosen
        points = chosen + numbers[..., 1, None, None, None].to(images) * ways
        repeated = objective.select(rows.repeat(len(draws)))
        progress = Progress("Expected Gradients", first, params.samples)
        answer: Answer = yield Query(points.flatten(0, 1), repeated, progress=progress)
        total += (ways * answer.gradients.view_as(ways)).sum(0)
    begins = [reference.expand_as(images) for reference in references]
    return (yield from complete(images, total / params.samples, begins, objective))
