"""The atlas of a layer as a spec: the favourite picture of each of its units, all drawn alike."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from advviz.experiments import parameters
from advviz.experiments.protocol import FAST, REFERENCE, Spec
from advviz.experiments.responses import layer_field, resolved_layer
from advviz.experiments.result import Array, Result
from advviz.experiments.specs import VisualizeSpec
from advviz.fields import check, choice, count, number
from advviz.models.records import ModelRecord, record
from advviz.pictures import sheet, tiles

SHOWN_LEVELS = 16
"""Levels a colour of the sheet that a browser is sent: exact tiles are many megabytes."""
PACKED = "webp"
"""Name of the array that holds a sheet as the bytes of a WebP file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtlasSpec:
    """What excites every unit of a layer."""

    kind: ClassVar[str] = "atlas"
    version: ClassVar[int] = 1

    model: str = parameters.model()
    layer: str = layer_field()
    method: str = choice("ascent", ("ascent", "fourier"), "plain ascent, or regularized")
    eps: float | str = number(
        0.0, 0.0, 1000.0, "ascent: L2 radius of the ball; auto: 40 at 64 pixels a side, in "
        "proportion", auto=True,
    )  # fmt: skip
    step_size: float | str = number(
        0.0, 0.0, 100.0, "ascent: L2 length of a step; auto: 0.5 at 64 pixels a side, in "
        "proportion", auto=True,
    )  # fmt: skip
    steps: int = parameters.steps(60, "steps of the ascent")
    units: int = count(256, 1, 4096, "units at most, from the first")
    side: int = count(64, 8, 512, "pixels a side of a tile at most; larger drawings are reduced")
    seed: int = parameters.seed("of the noise that every drawing starts from")
    numerics: str = choice(
        FAST, (REFERENCE, FAST),
        "fast: a copy of the model chooses the directions; reference: the model as it is",
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)

    def prerequisites(self) -> tuple[Spec, ...]:
        """Return nothing: it starts from noise."""
        return ()

    def drawing(self, unit: int, described: ModelRecord) -> VisualizeSpec:
        """Return the drawing of one unit, which its tile shows."""
        return VisualizeSpec(
            model=self.model,
            unit=f"channel:{resolved_layer(self.layer, described)}:{unit}",
            method=self.method,
            eps=self.eps,
            step_size=self.step_size,
            steps=self.steps,
            seed=self.seed,
            numerics=self.numerics,
        )

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        described = record(self.model)
        values: dict[str, Any] = {
            "layer": resolved_layer(self.layer, described),
            "method": self.method,
            "steps": self.steps,
            "units": self.units,
            "side": min(self.side, described.input_size),
            "seed": self.seed,
            "numerics": self.numerics,
        }
        if self.method == "ascent":
            eps, step_size = self.drawing(0, described).resolved_sizes(described)
            values |= {"eps": eps, "step_size": step_size}
        return values

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin to draw."""
        from advviz.experiments.atlas_procedures import draw

        del results
        return draw(self, record(self.model), device)


def pictures_of(result: Result) -> Array:
    """Return an atlas's tiles, uint8 [C, 3, s, s]; of one that ships, as its file holds them."""
    if PACKED not in result.arrays:
        return result.arrays["pictures"]
    file = result.arrays[PACKED].tobytes()
    return _unpacked(file, len(result.arrays["values"]), int(result.facts["side"]))


@lru_cache(8)
def _unpacked(file: bytes, number: int, side: int) -> Array:
    cut = tiles.untiled(tiles.from_webp(file), number, side)
    cut.setflags(write=False)
    return cut


def sheet_file(result: Result) -> bytes:
    """Return all tiles as one WebP file, in rows of 16, rounded to `levels_of` levels a colour."""
    if PACKED in result.arrays:
        return result.arrays[PACKED].tobytes()
    pictures = result.arrays["pictures"]
    return _encoded(pictures.tobytes(), pictures.shape, SHOWN_LEVELS)


def levels_of(result: Result) -> int:
    """Return how many levels a colour the sheet of an atlas has."""
    return int(result.facts.get("levels", SHOWN_LEVELS))


@lru_cache(8)
def _encoded(bytes_: bytes, shape: tuple[int, ...], levels: int) -> bytes:
    pictures = np.frombuffer(bytes_, np.uint8).reshape(shape)
    return tiles.webp(tiles.tiled(tiles.levelled(pictures, levels)))


def numbered(spec: AtlasSpec, result: Result) -> Array:
    """Lay all tiles out with the numbers of their units, uint8 [H, W, 3]."""
    shown = [tile.transpose(1, 2, 0) for tile in pictures_of(result)]
    firsts = range(0, len(shown), tiles.COLUMNS)
    rows = [shown[first : first + tiles.COLUMNS] for first in firsts]
    numbers = [
        [str(first + place) for place in range(len(row))]
        for first, row in zip(firsts, rows, strict=True)
    ]
    title = f"{spec.model}, {result.facts['layer']}: {spec.method}, {spec.steps} steps"
    labels = [title] + [""] * (len(rows) - 1)
    return sheet(rows, row_labels=labels, captions=numbers, cell=max(64, spec.side))


def packed(result: Result, levels: int) -> Result:
    """Return an atlas whose tiles are a WebP file of few levels a colour, for shipping.

    Its facts say how many.
    """
    pictures = result.arrays["pictures"]
    file = _encoded(pictures.tobytes(), pictures.shape, levels)
    arrays = {name: array for name, array in result.arrays.items() if name != "pictures"}
    return Result.of(
        {**arrays, PACKED: np.frombuffer(file, np.uint8)}, {**result.facts, "levels": levels}
    )
