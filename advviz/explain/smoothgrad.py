"""SmoothGrad: the gradient averaged over noisy copies of the image."""

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Literal

import torch
from torch import Tensor

from advviz.errors import InvalidInputError
from advviz.explain.gradient import Explanation
from advviz.explain.parameters import SmoothGrad
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Answer, Procedure, Progress, Query

SAMPLES_PER_QUERY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothGradParams:
    """What SmoothGrad is told.

    Args:
        samples: noisy copies an image, >= 1.
        sigma: standard deviation of the noise, >= 0; see `sigma_unit`.
        sigma_unit: "range": sigma is a fraction of each image's max − min, as in the paper;
            "absolute": sigma is in pixel values in [0, 1].
        magnitude: "signed" averages the gradients; "squared" averages their squares
            (SmoothGrad², Hooker et al., arXiv:1806.10758).
    """

    samples: int = 50
    sigma: float = 0.15
    sigma_unit: Literal["range", "absolute"] = "range"
    magnitude: Literal["signed", "squared"] = "signed"

    def __post_init__(self) -> None:
        """Refuse values that average nothing."""
        if self.samples < 1:
            raise InvalidInputError(f"samples must be >= 1, got {self.samples}")
        if not (isfinite(self.sigma) and self.sigma >= 0):
            raise InvalidInputError(f"sigma must be finite and >= 0, got {self.sigma}")
        if self.sigma_unit not in ("range", "absolute"):
            raise InvalidInputError(
                f"sigma_unit must be range or absolute, got {self.sigma_unit!r}"
            )
        if self.magnitude not in ("signed", "squared"):
            raise InvalidInputError(f"magnitude must be signed or squared, got {self.magnitude!r}")

    def deviations(self, images: Tensor) -> Tensor:
        """Return the standard deviation for each image [N, 1, 1, 1], in pixel values."""
        if self.sigma_unit == "absolute":
            return images.new_full((len(images), 1, 1, 1), self.sigma)
        flat = images.flatten(1)
        return self.sigma * (flat.amax(1) - flat.amin(1)).view(-1, 1, 1, 1)


def smoothgrad(
    images: Tensor, objective: Objective, params: SmoothGradParams, *, noise: Noise
) -> Procedure[Explanation]:
    """Average the gradient of an objective over images with Gaussian noise added.

    Noisy pixels may leave [0, 1]: clamping them would bias the average.

    Args:
        images: [N, C, H, W] in [0, 1].
        objective: as for `gradient`.
        params: samples, sigma and its unit, signed or squared.
        noise: one stream an image; sample i is the same whatever the number of samples.

    Returns:
        The mean gradient (or mean squared gradient); values and logits are of the images
        without noise.

    Reference: Smilkov et al., 2017, arXiv:1706.03825.
    """
    streams, deviations = noise.streams(images), params.deviations(images)
    rows = torch.arange(len(images), device=images.device)
    total = torch.zeros_like(images)
    for first in range(0, params.samples, SAMPLES_PER_QUERY):
        draws = range(first, min(first + SAMPLES_PER_QUERY, params.samples))
        noisy = torch.cat([images + deviations * streams.normal("smoothgrad", d) for d in draws])
        repeated = objective.select(rows.repeat(len(draws)))
        progress = Progress("SmoothGrad", first, params.samples)
        answer: Answer = yield Query(noisy, repeated, progress=progress)
        gradients = answer.gradients.view(len(draws), *images.shape)
        total += (gradients**2 if params.magnitude == "squared" else gradients).sum(0)
    final: Answer = yield Query(images, objective, gradient=False, exact=True)
    return Explanation(total / params.samples, final.values, final.logits)


def of_catalogue(
    images: Tensor, objective: Objective, params: SmoothGrad, *, noise: Noise
) -> Procedure[Explanation]:
    """Begin `smoothgrad` as the catalogue begins every explainer."""
    return smoothgrad(images, objective, SmoothGradParams(**asdict(params)), noise=noise)
