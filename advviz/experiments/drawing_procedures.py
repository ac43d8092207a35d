"""From the values of a drawing to the procedure that computes it; needs torch."""

from collections.abc import Generator
from typing import Any

import torch
from torch import Tensor

from advviz.data.spectrum import spectrum
from advviz.experiments import goal_procedures, regions
from advviz.experiments.drawing import FOURIER, MACO, VisualizeSpec
from advviz.experiments.result import Array, Result
from advviz.featurevis.activations import activations
from advviz.featurevis.ascent import AscentParams, ascent, noise_images
from advviz.featurevis.diversity import grams
from advviz.featurevis.fourier import FourierParams, fourier_ascent
from advviz.featurevis.goal import Goal
from advviz.featurevis.maco import MacoParams, maco
from advviz.featurevis.result import Visualization
from advviz.models.records import ModelRecord
from advviz.noise import Noise

Steps = Generator[Any, Any, Result]
GREY = 0.5
FAINT = 0.05
"""Deviation of the noise that tells pictures apart that are all drawn over the same one."""


def visualize(
    spec: VisualizeSpec, described: ModelRecord, begin: Array | None, device: str = "cpu"
) -> Steps:
    """Draw pictures that excite something, from an image [3, S, S] or from noise."""
    goal = yield from goal_procedures.goal(spec, described, device)
    noise, like = Noise(spec.seed), _keys(spec, described, device)
    importance = None
    if spec.method == MACO:
        magnitude = torch.from_numpy(spectrum(spec.spectrum, described.input_size).magnitude.copy())
        params = MacoParams(steps=spec.steps, crops=spec.crops)
        drawn = yield from maco(like, goal, magnitude.to(device), params, noise=noise)
        found, importance = drawn.drawn, drawn.importance
    elif spec.method == FOURIER:
        found = yield from fourier_ascent(like, goal, FourierParams(steps=spec.steps), noise=noise)
    else:
        found = yield from _ascent(spec, described, begin, like, goal)
    result = _result(spec, found, importance)
    if goal.apart is None:
        return result
    layer = goal.apart.layer
    first = yield from _alike(found.start, layer)
    facts = {"apart_at": layer, "alike_at_first": first}
    facts["alike"] = yield from _alike(found.pictures, layer)
    return Result.of(result.arrays, {**result.facts, **facts})


def _keys(spec: VisualizeSpec, described: ModelRecord, device: str) -> Tensor:
    """Return what noise is keyed by, a row for each picture.

    Pictures of different classes start from the same noise; the first of several, from that
    of a single one.
    """
    side = described.input_size
    rows = torch.arange(spec.pictures, device=device, dtype=torch.float32)
    return rows[:, None, None, None].expand(-1, 3, side, side).contiguous()


def _ascent(
    spec: VisualizeSpec, described: ModelRecord, begin: Array | None, like: Tensor, goal: Goal
) -> Generator[Any, Any, Visualization]:
    eps, step_size = spec.resolved_sizes(described)
    params = AscentParams(eps=eps, step_size=step_size, steps=spec.steps)
    noise, region = Noise(spec.seed), None
    if begin is None:
        start = noise_images(like, noise)
    else:
        start = torch.from_numpy(begin.copy())[None].to(like).repeat(len(like), 1, 1, 1)
        if not regions.is_whole(spec.region):
            light = regions.mask(spec.region, described.input_size)
            region = torch.from_numpy(light)[None, None].to(like)
            start = _filled(start, region, spec.fill, noise_images(like, noise))
        start = _told_apart(start, region, like, noise)
    return (yield from ascent(start, goal, params, noise=noise, region=region))


def _filled(start: Tensor, region: Tensor, fill: str, noisy: Tensor) -> Tensor:
    """Put grey or noise into the region, or leave it as it is."""
    if fill == "picture":
        return start
    return torch.where(
        region > 0, noisy if fill == "noise" else torch.full_like(start, GREY), start
    )


def _told_apart(start: Tensor, region: Tensor | None, like: Tensor, noise: Noise) -> Tensor:
    """Give every picture but the first faint noise: from one start they would stay the same."""
    if len(start) == 1:
        return start
    faint = FAINT * noise.streams(like).normal("told apart") * (1 if region is None else region)
    faint[0] = 0
    return (start + faint).clamp(0, 1)


def _alike(images: Tensor, layer: str) -> Generator[Any, Any, float]:
    """Return the mean cosine between the Gram matrices of different pictures."""
    found = grams((yield from activations(images, layer))).flatten(1)
    count = len(found)
    return float((found @ found.T).sum() - count) / (count * (count - 1))


def _result(spec: VisualizeSpec, found: Visualization, importance: Tensor | None) -> Result:
    """Name what was drawn; the first picture as if it were the only one, all of them beside it."""
    arrays = {
        "start": found.start[0].cpu(),
        "picture": found.pictures[0].cpu(),
        "logits": found.logits[0].cpu(),
        "values": torch.cat([found.values[:, 0], found.final_values[:1]]).cpu(),
    }
    if importance is not None:
        arrays["importance"] = importance[0].cpu()
    if spec.pictures > 1:
        arrays |= {
            "pictures": found.pictures.cpu(),
            "pictures_logits": found.logits.cpu(),
            "pictures_values": found.final_values.cpu(),
        }
        if importance is not None:
            arrays["pictures_importance"] = importance.cpu()
    return Result.of(arrays, {"unit": spec.unit, "value": float(found.final_values[0])})
