"""From the values of an inversion to the procedure that computes it; needs torch."""

from collections.abc import Generator, Sequence
from math import sqrt
from typing import Any

import torch

from advviz.experiments.inversion import InvertSpec
from advviz.experiments.result import Array, Result
from advviz.featurevis.activations import activations
from advviz.featurevis.ascent import AscentParams, ascent, noise_images
from advviz.featurevis.terms import Closeness
from advviz.models.records import ModelRecord
from advviz.noise import Noise
from advviz.protocol import Query


def invert(
    spec: InvertSpec,
    described: ModelRecord,
    wanted: Sequence[Array],
    begin: Array | None,
    device: str = "cpu",
) -> Generator[Any, Any, Result]:
    """Search pictures with the features of others.

    Args:
        spec: what is told.
        described: the model.
        wanted: one image [3, S, S] whose features are reached, or two, between which those of
            the strip lie on a straight line.
        begin: image [3, S, S] to start from; None: noise, the same for every picture.
        device: where the images are.
    """
    layer, noise = spec.resolved_layer(described), Noise(spec.seed)
    shown = torch.stack([torch.from_numpy(each.copy()) for each in wanted]).to(device)
    features = yield from activations(shown, layer)
    given = yield Query(shown, gradient=False, exact=True)
    count = spec.pictures if len(wanted) > 1 else 1
    shares = torch.linspace(0, 1, count, device=device).view(-1, *[1] * (features.ndim - 1))
    targets = features[:1] + shares * (features[-1:] - features[:1])
    like = torch.zeros_like(shown[:1])
    first = noise_images(like, noise) if begin is None else torch.from_numpy(begin.copy())[None]
    start = first.to(like).repeat(count, 1, 1, 1)
    params = AscentParams(
        eps=sqrt(like.numel()),  # the whole box: no two pictures are farther apart
        step_size=spec.resolved_step_size(described),
        steps=spec.steps,
        falling=True,
    )
    found = yield from ascent(start, Closeness(layer, targets), params, noise=noise)
    arrays = {
        "wanted": shown.cpu(),
        "wanted_logits": given.logits.cpu(),
        "start": found.start[0].cpu(),
        "picture": found.pictures[0].cpu(),
        "logits": found.logits[0].cpu(),
        "values": torch.cat([found.values[:, 0], found.final_values[:1]]).cpu(),
    }
    if count > 1:
        arrays |= {
            "pictures": found.pictures.cpu(),
            "pictures_logits": found.logits.cpu(),
            "pictures_values": found.final_values.cpu(),
        }
    apart = (found.pictures[0] - shown[0]).double()
    facts = {
        "layer": layer,
        "distance": -float(found.final_values[0]),
        "distance_at_first": -float(found.values[0, 0]),
        "rms": float(apart.square().mean().sqrt()),
    }
    return Result.of(arrays, facts)
