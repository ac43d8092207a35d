"""From a layer to what its units answer to, and to what excites each; needs torch."""

from collections.abc import Generator
from typing import Any

import numpy as np
import torch

from advviz.data import picture_sets
from advviz.errors import InvalidInputError
from advviz.experiments.atlas import AtlasSpec
from advviz.experiments.responses import ResponsesSpec, resolved_layer
from advviz.experiments.result import Result
from advviz.featurevis.ascent import AscentParams, ascent, noise_images
from advviz.featurevis.atlas import atlas
from advviz.featurevis.fourier import FourierParams, fourier_ascent
from advviz.featurevis.responses import class_weights, responses, width_of
from advviz.featurevis.result import Visualization
from advviz.models.records import ModelRecord
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Call, Procedure, Progress

Steps = Generator[Any, Any, Result]
AT_ONCE = 2**17
"""Pixels of the drawings that a processor is asked about at once: 32 of 64 pixels a side. More
are no faster, and let others wait longer for their turn."""
AT_ONCE_ACCELERATED = 2**23
"""The same for an accelerator, which is faster the more it is asked at once."""


def look(spec: ResponsesSpec, described: ModelRecord, device: str = "cpu") -> Steps:
    """Show every picture of a set to a network, and record what a layer's units answer."""
    names, kept, left_out = [], [], 0
    for name, pixels, total in picture_sets.reading(spec.images, described.input_size):
        if pixels is None:
            left_out += 1
        else:
            names.append(name)
            kept.append(pixels)
        yield Call(_nothing, Progress("reading pictures", len(names) + left_out, total))
    if not kept:
        raise InvalidInputError("no picture of the folder can be read; give PNG, JPEG or WebP")
    pictures = np.stack(kept)
    images = torch.from_numpy(pictures.astype(np.float32) / np.float32(255)).to(device)
    layer = resolved_layer(spec.layer, described)
    found = yield from responses(images, layer)
    arrays = {
        "pictures": pictures,
        "maxima": found.maxima,
        "means": found.means,
        "corners": found.corners,
    }
    facts = {
        "layer": layer,
        "names": names,
        "crop": found.crop,
        "field": found.field,
        "left_out": left_out,
    }
    return Result.of(arrays, facts)


def _nothing(_module: Any) -> None:
    """Let others have their turn between two files."""


def draw(spec: AtlasSpec, described: ModelRecord, device: str = "cpu") -> Steps:
    """Draw the favourite picture of every unit of a layer."""
    size, layer = described.input_size, resolved_layer(spec.layer, described)
    like = torch.zeros(1, 3, size, size, device=device)
    width = yield from width_of(like, layer)
    pixels = AT_ONCE if device == "cpu" else AT_ONCE_ACCELERATED
    side = min(spec.side, size)
    found = yield from atlas(
        like,
        layer,
        range(min(width, spec.units)),
        lambda rows, objective: _drawing(spec, described, rows, objective),
        rows=max(1, pixels // size**2),
        side=side,
    )
    arrays = {
        "pictures": found.pictures,
        "values": found.values,
        "start_values": found.start_values,
    }
    if layer == described.penultimate:
        weights = yield from class_weights(width, len(described.classes))
        if weights is not None:
            arrays["class_weights"] = weights[: len(found.values)]
    return Result.of(arrays, {"layer": layer, "width": width, "side": side})


def _drawing(
    spec: AtlasSpec, described: ModelRecord, like: torch.Tensor, objective: Objective
) -> Procedure[Visualization]:
    """Begin to draw some units, as the page of single drawings does."""
    noise = Noise(spec.seed)
    if spec.method == "fourier":
        return fourier_ascent(like, objective, FourierParams(steps=spec.steps), noise=noise)
    eps, step_size = spec.drawing(0, described).resolved_sizes(described)
    plain = AscentParams(eps=eps, step_size=step_size, steps=spec.steps)
    return ascent(noise_images(like, noise), objective, plain, noise=noise)
