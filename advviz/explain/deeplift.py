"""DeepLift: how far each pixel's difference from a baseline moves the score, rule by rule."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from advviz.errors import InvalidInputError
from advviz.explain.baselines import baseline
from advviz.explain.gradient import Explanation
from advviz.explain.inside_parameters import DeepLift
from advviz.explain.parameters import BASELINES
from advviz.explain.rules import (
    Elementwise,
    Rules,
    pulled_back,
    refuse_another_network,
    slope,
    tiny,
    with_multiplier,
)
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Answer, Call, Procedure, Progress, Query

PRODUCTS = frozenset((
    "mul", "multiply", "__mul__", "mul_", "multiply_", "__imul__",
))  # fmt: skip
"""Those in place return their result too; a network that needs the change itself is refused."""


class RescaleRules(Rules):
    """Pass differences back by their quotients; rows are images, then as many baselines."""

    def activation(self, _name: str, function: Elementwise, inputs: Tensor) -> Tensor:
        """Multiply by the change of the output over that of the input: the rescale rule."""
        outputs = function(inputs)
        halfway = _mean(inputs)
        change, moved = _difference(outputs), _difference(inputs)
        quotient = _quotient(change, moved, slope(function, halfway))
        return with_multiplier(outputs, inputs, _twice(quotient))

    def other(self, name: str, func: Any, args: Any, words: dict[str, Any]) -> Any:
        """Follow the largest of a window, and products of two things that depend on the image."""
        if name == "max_pool2d" and not words.get("return_indices"):
            return _pooled(*args, **words)
        factors = (*args, words["other"]) if "other" in words else args
        if name in PRODUCTS and all(_depends(each) for each in factors):
            return _product(*factors)
        return func(*args, **words)


def _depends(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def _difference(values: Tensor) -> Tensor:
    """Return image minus baseline [N, ...] of [2 N, ...]."""
    image, baseline = values.detach().chunk(2)
    return image - baseline


def _mean(values: Tensor) -> Tensor:
    """Return the mean of image and baseline [N, ...] of [2 N, ...]."""
    image, baseline = values.detach().chunk(2)
    return (image + baseline) / 2


def _twice(values: Tensor) -> Tensor:
    return torch.cat([values, values])


def _quotient(change: Tensor, moved: Tensor, otherwise: Tensor) -> Tensor:
    """Divide, but where the divisor is rounding alone."""
    still = moved.abs() < tiny(moved)
    return torch.where(still, otherwise, change / moved.masked_fill(still, 1))


def _pooled(inputs: Tensor, *args: Any, **words: Any) -> Tensor:
    """Take the maximum of each window; its change goes to where the larger of the two came from.

    There the input moved at least as far as the maximum did, so that the quotient lies in
    [0, 1]. Captum has the same rule, but adds up no windows that overlap.
    """
    outputs, places = functional.max_pool2d(
        inputs.detach(), *args, **{**words, "return_indices": True}
    )
    image, baseline = outputs.chunk(2)
    there, before = places.chunk(2)
    chosen = _twice(torch.where(image >= baseline, there, before))
    picked = inputs.flatten(-2).gather(-1, chosen.flatten(-2)).view_as(outputs)
    moved = _difference(picked)
    share = _quotient(image - baseline, moved, torch.ones_like(moved))
    return with_multiplier(outputs, picked, _twice(share))


def _product(left: Tensor, right: Tensor) -> Tensor:
    """Multiply; the change is shared by the means of the other factor, which adds up exactly."""
    means = [_twice(_mean(factor)) for factor in (left, right)]
    through = means[1] * (left - left.detach()) + means[0] * (right - right.detach())
    return (left * right).detach() + through


def deeplift(
    images: Tensor, baselines: Sequence[Tensor], objective: Objective
) -> Procedure[Explanation]:
    """Share the difference of a score between image and baseline out among the pixels.

    The rescale rule at activations of every kind, SiLU and GELU too; batch norm, convolutions
    and sums are linear and pass differences on as they are. What is not covered (the softmax
    of attention, layer norm) keeps its gradient, and the shares then miss the difference: by
    how much is in the facts.

    Args:
        images: [N, C, H, W] in [0, 1].
        baselines: one or more, each shaped like the images; the shares are averaged.
        objective: such as `Logit(classes)`.

    Returns:
        The shares; `completeness_error` [N] among the facts is the largest |sum of shares −
        difference of scores| over the baselines, and `difference` [N] the mean difference.

    Raises:
        InvalidInputError: no baseline or one of another shape, an objective that looks at a
            layer, or a network that cannot be followed.

    Reference: Shrikumar et al., ICML 2017, section 3.5.1, arXiv:1704.02685.
    """
    if not baselines or any(baseline.shape != images.shape for baseline in baselines):
        raise InvalidInputError(
            f"DeepLift needs baselines of the shape {list(images.shape)}, "
            f"got {[list(baseline.shape) for baseline in baselines]}"
        )
    rows = torch.arange(len(images), device=images.device).repeat(2)
    pairs, both = [torch.cat([images, baseline]) for baseline in baselines], objective.select(rows)
    shares, rewritten = [], images.new_empty(0)
    for index, pair in enumerate(pairs):
        progress = Progress("DeepLift", index, len(pairs))
        share, rewritten = yield Call(_shares(pair, both), progress)
        shares.append(share)
    differences = []
    for pair in pairs:
        answer: Answer = yield Query(pair, both, gradient=False, exact=True)
        differences.append(_difference(answer.values))
    refuse_another_network("DeepLift", rewritten, answer.logits)
    missed = [(s.flatten(1).sum(1) - d).abs() for s, d in zip(shares, differences, strict=True)]
    facts = {
        "completeness_error": torch.stack(missed).amax(0),
        "difference": torch.stack(differences).mean(0),
    }
    count = len(images)
    return Explanation(
        torch.stack(shares).mean(0), answer.values[:count], answer.logits[:count], facts
    )


def of_catalogue(
    images: Tensor, objective: Objective, params: DeepLift, *, noise: Noise
) -> Procedure[Explanation]:
    """Begin `deeplift` from one of the named baselines, or from all of them."""
    named = BASELINES if params.baseline == "several" else (params.baseline,)
    return deeplift(images, [baseline(name, images, noise=noise) for name in named], objective)


def _shares(pair: Tensor, objective: Objective) -> Any:
    def call(module: nn.Module) -> tuple[Tensor, Tensor]:
        arrived, logits = pulled_back(module, pair, objective, RescaleRules())
        return arrived.chunk(2)[0] * _difference(pair), logits

    return call
