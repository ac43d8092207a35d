"""An atlas: the favourite picture of every unit of a layer, all drawn alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from advviz.featurevis.result import Visualization
from advviz.objectives import Objective, Unit
from advviz.protocol import Answer, Procedure, Progress, Query

LEVELS = 255

Draw = Callable[[Tensor, Objective], Procedure[Visualization]]
"""Begins to draw a row [N, 3, H, W] each for an objective; the pixels are the rows' keys."""


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """What excites each unit, and how much.

    Args:
        pictures: uint8 [C, 3, s, s].
        values: [C], of each unit at its picture, in full size and as saved in 8 bits, by an
            exact query.
        start_values: [C], at the start, during the search.
    """

    pictures: Tensor
    values: Tensor
    start_values: Tensor


def atlas(
    like: Tensor, layer: str, units: Sequence[int], draw: Draw, *, rows: int, side: int
) -> Procedure[Atlas]:
    """Draw what excites each of some units, from the same start.

    A unit's picture does not depend on which others are drawn beside it.

    Args:
        like: [1, 3, S, S]; the shape to draw, and every row's key.
        layer: name as in `module.named_modules()`.
        units: at least one, numbers of channels or features of the layer.
        draw: begins to draw.
        rows: units that are drawn at once, >= 1.
        side: pixels a side of a tile; pictures that are larger are reduced by averaging.

    Returns:
        The tiles, in the order of the units.

    Reference: Olah et al., "Feature Visualization", Distill 2017; sheets of all units of a
    layer are those of the "OpenAI Microscope", 2020.
    """
    tiles, values, starts = [], [], []
    batches = [units[first : first + rows] for first in range(0, len(units), rows)]
    for done, batch in enumerate(batches):
        objective = Unit(layer, torch.tensor(list(batch), device=like.device))
        drawing = draw(like.expand(len(batch), -1, -1, -1), objective)
        found = yield from _counted(drawing, done, len(batches))
        levels = (found.pictures * LEVELS).round()
        answer: Answer = yield Query(levels / LEVELS, objective, gradient=False, exact=True)
        tiles.append(_reduced(levels, side).cpu())
        values.append(answer.values.cpu())
        starts.append(found.values[0].cpu())
    return Atlas(torch.cat(tiles), torch.cat(values), torch.cat(starts))


def _reduced(levels: Tensor, side: int) -> Tensor:
    """Return pictures of whole levels as uint8, averaged where they are larger than a tile."""
    if levels.shape[-1] > side:
        levels = functional.interpolate(levels, (side, side), mode="area").round()
    return levels.to(torch.uint8)


def _counted(
    drawing: Procedure[Visualization], batch: int, batches: int
) -> Procedure[Visualization]:
    """Draw one batch, and tell how far the whole atlas is."""
    reply = None
    try:
        while True:
            request = drawing.send(reply)
            reply = yield replace(request, progress=_of_the_whole(request.progress, batch, batches))
    except StopIteration as finished:
        found: Visualization = finished.value
        return found
    finally:
        drawing.close()


def _of_the_whole(told: Progress | None, batch: int, batches: int) -> Progress | None:
    """Count the steps of all batches; what a drawing tells beside its steps is left out."""
    if told is None or told.stage != "drawing" or told.total is None:
        return None
    done = batch * told.total + told.done
    return Progress("drawing the atlas", done, batches * told.total, told.preview)
