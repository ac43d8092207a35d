"""From a layer to what its units answer to, and to what excites each; needs torch."""

from collections.abc import Generator
from typing import Any

import numpy as np
import torch

from advviz.data import picture_sets
from advviz.errors import InvalidInputError
from advviz.experiments.responses import ResponsesSpec, resolved_layer
from advviz.experiments.result import Result
from advviz.featurevis.responses import responses
from advviz.models.records import ModelRecord
from advviz.protocol import Call, Progress

Steps = Generator[Any, Any, Result]


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
