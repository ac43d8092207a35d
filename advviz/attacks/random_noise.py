"""The control of every attack: random changes of the same size."""

from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.noise import Noise
from advviz.protocol import Answer, Procedure, Progress, Query
from advviz.threat_models import ThreatModel

DRAWS_PER_QUERY = 25


@dataclass(frozen=True, slots=True, eq=False)
class NoiseControl:
    """What a classifier says of an image under random noise.

    Args:
        original_logits: [N, K].
        logits: [D, N, K], one entry a draw.
        example: [N, C, H, W], the first draw.
    """

    original_logits: Tensor
    logits: Tensor
    example: Tensor


def random_noise(
    images: Tensor, threat: ThreatModel, draws: int, *, noise: Noise
) -> Procedure[NoiseControl]:
    """Change images at random by the whole budget, many times.

    In L2 the direction is uniform on the sphere; in L-inf every pixel moves by ±eps; in L1 one
    value in a hundred, drawn at random, moves by an equal share. What
    leaves the box [0, 1] is cut off, as for an attack.

    Args:
        images: [N, C, H, W] in [0, 1].
        threat: the ball whose radius is used up.
        draws: D >= 1 independent directions.
        noise: one stream an image.
    """
    streams = noise.streams(images)
    clean: Answer = yield Query(images, gradient=False, exact=True)
    logits: list[Tensor] = []
    example = images
    for first in range(0, draws, DRAWS_PER_QUERY):
        numbers = range(first, min(first + DRAWS_PER_QUERY, draws))
        directions = [threat.steepest(streams.normal("random noise", n)) for n in numbers]
        noisy = [threat.project(images, images + threat.eps * d) for d in directions]
        example = example if logits else noisy[0]
        progress = Progress("random noise", first, draws, noisy[0][0])
        answer: Answer = yield Query(
            torch.cat(noisy), gradient=False, exact=True, progress=progress
        )
        logits.append(answer.logits.view(len(noisy), *clean.logits.shape))
    return NoiseControl(clean.logits, torch.cat(logits), example)
