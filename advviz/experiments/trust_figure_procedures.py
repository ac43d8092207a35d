"""The figures of a trust panel, without any judgement: numbers as JSON has them.

A figure that is not defined, because a map is constant or a score never moves, is None.
"""

from collections.abc import Generator, Sequence
from math import isfinite
from typing import Any

import numpy as np
import torch
from torch import Tensor

from advviz.experiments.result import Array, Result
from advviz.experiments.trust import AVERAGED, TrustSpec
from advviz.experiments.trust_method_procedures import score_of_map
from advviz.explain import nulls
from advviz.explain.curves import normalized_areas
from advviz.explain.disorder import entropy
from advviz.explain.faithfulness import CurveParams, insertion_deletion
from advviz.explain.gradient import Explanation
from advviz.explain.infidelity import infidelity, square_changes
from advviz.explain.replacements import replacement
from advviz.explain.sensitivity import DRAWS, RADIUS, nearby, sensitivity_max
from advviz.explain.similarity import amounts, as_drawn, rank_correlation, structural_similarity
from advviz.explain.trust import Explain
from advviz.noise import Noise
from advviz.objectives import Logit, Objective
from advviz.protocol import Procedure

REPLACED_BY = ("black", "blurred", "mean")
"""What insertion and deletion put in the place of pixels; what is called absent decides a lot."""
CHANGES = 64
"""Squares that are taken away for the infidelity."""


def answer(logits: Array, index: int) -> dict[str, float]:
    """Say how sure the network is, computed in float64 from its float32 logits.

    Returns:
        The probability of the class, what is missing to 1, and the largest of all.
    """
    shifted = np.exp(logits.astype(np.float64) - float(logits.max()))
    shares = shifted / shifted.sum()
    return {
        "probability": float(shares[index]),
        "rest": float(np.delete(shares, index).sum()),
        "largest": float(shares.max()),
        "classes": len(shares),
    }


def contents(own: Tensor) -> dict[str, float]:
    """Say what there is in a map [1, C, H, W]: the range of its amounts, and the pixels above 0."""
    found = amounts(own)
    return {
        "least": float(found.min()),
        "most": float(found.max()),
        "filled": float((found > 0).double().mean()),
    }


def likeness(own: Tensor, others: Tensor) -> dict[str, list[float | None]]:
    """Compare the amounts of a map [1, C, H, W] with those of others [K, C', H, W]."""
    one, many = amounts(own).expand(len(others), -1, -1), amounts(others)
    return {
        "rank": _numbers(rank_correlation(one, many)),
        "ssim": _numbers(structural_similarity(as_drawn(one), as_drawn(many))),
    }


def randomized(spec: TrustSpec, own: Tensor, results: Sequence[Result]) -> dict[str, Any]:
    """Compare a map with those of copies that learned nothing, plain and averaged.

    Args:
        spec: the panel.
        own: [1, C, H, W].
        results: as the panel lists them: the model's own average, the cascade, more copies.
    """
    stages, last = len(spec.stages), 1 + len(spec.stages)
    mine, *rest = [_array(r, "averaged") for r in results[: last + len(spec.seeds[1:AVERAGED])]]
    copies = torch.cat([_array(r, "map") for r in results[stages:]])
    halves = [_array(results[0], f"{which} half") for which in ("first", "second")]
    return {
        "cascade": likeness(mine, torch.cat(rest[:stages])),
        "averaged": likeness(mine, torch.cat(rest[stages - 1 :])),
        "itself": likeness(*halves),
        "plain": likeness(own.cpu(), copies),
        "entropy": float(entropy(own)[0]),
        "entropies": _numbers(entropy(copies)),
    }


def moved(image: Tensor, classes: Tensor, explain: Explain, seed: int) -> Procedure[float | None]:
    """Measure how far the map moves between pictures that nobody tells apart (sensitivity_max)."""

    def again(images: Tensor, objective: Objective) -> Procedure[Explanation]:
        del objective  # the class is what is explained
        maps = yield from explain(images, classes.repeat(len(images)), seed)
        nothing = images.new_zeros(len(images))
        return Explanation(maps.expand_as(images), nothing, nothing)

    near = list(nearby(image, RADIUS, DRAWS, noise=Noise(seed)))
    largest = yield from sensitivity_max(image, Logit(classes), again, near)
    return _numbers(largest)[0]


def faithful(
    spec: TrustSpec, image: Tensor, own: Tensor, classes: Tensor, noise: Noise
) -> Generator[Any, Any, tuple[dict[str, Any], dict[str, Any]]]:
    """Ask whether the score follows the map, better than it follows maps that know nothing.

    Returns:
        The figures of the map, of the edge map, of noise, and of each shifted map, in that order;
        and the curves of all of them by what pixels are replaced with.
    """
    streams = noise.streams(image)
    known_nothing = [nulls.edges(image), streams.normal("random map")]
    kinds = (own, *known_nothing, *nulls.shifted(own, spec.nulls, streams)[:, None])
    maps = torch.stack([each.expand_as(image)[0] for each in kinds])[None]
    facts: dict[str, Any] = {"curves": {}}
    arrays: dict[str, Any] = {}
    for name in REPLACED_BY:
        other = replacement(name, image, noise)
        params = CurveParams(steps=spec.points)
        found = yield from insertion_deletion(image, maps, classes, other, params, noise=noise)
        facts["curves"][name] = {what: _numbers(of[0]) for what, of in normalized_areas(found)}
        arrays |= {
            f"{what} {name}": of.softmax[0].cpu()
            for what, of in (("insertion", found.insertion), ("deletion", found.deletion))
        } | {"fractions": found.fractions.cpu()}
    facts["infidelity"] = yield from _unexplained(spec, image, maps, classes, noise)
    return facts, arrays


def _unexplained(
    spec: TrustSpec, image: Tensor, maps: Tensor, classes: Tensor, noise: Noise
) -> Procedure[list[float | None]]:
    """Measure which share of the score's changes each of maps [1, M, C, H, W] does not foretell.

    Each map is read in the way that serves it better: as a rate of change, or as a share.
    """
    objective, other = score_of_map(spec, classes), replacement("blurred", image, noise)
    readings = []
    for multiplied in (False, True):
        changes = square_changes(image, other, CHANGES, noise=noise, multiplied=[multiplied])
        found = yield from infidelity(image, maps, objective, list(changes))
        readings.append(found.unexplained[0])
    return _numbers(torch.stack(readings).amin(0))


def _array(result: Result, name: str) -> Tensor:
    return torch.from_numpy(result.arrays[name].copy())[None]


def _numbers(values: Tensor) -> list[float | None]:
    """Write a tensor [K] as JSON has it: what is not finite is None."""
    found = (float(value) for value in values.cpu().double())
    return [value if isfinite(value) else None for value in found]
