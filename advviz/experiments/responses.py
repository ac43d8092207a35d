"""What a layer's units answer to sample images, as a spec; and what is read off its result."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from advviz.data import picture_sets
from advviz.errors import InvalidInputError
from advviz.experiments import parameters
from advviz.experiments.protocol import REFERENCE, Spec
from advviz.experiments.result import Array, Result
from advviz.fields import check, text
from advviz.models.records import ModelRecord, record

PENULTIMATE = "penultimate"


def layer_field() -> Any:
    """Declare a layer of a network."""
    return text(
        "layer, by its name in the network, or penultimate: the one that feeds the logits",
        default=PENULTIMATE,
    )


def resolved_layer(layer: str, described: ModelRecord) -> str:
    """Return a layer by its name in the network.

    Raises:
        InvalidInputError: the model names no penultimate layer.
    """
    if layer != PENULTIMATE:
        return layer
    if described.penultimate is None:
        raise InvalidInputError(
            f"{described.id} does not say which layer feeds its logits; "
            "give the layer by its name in the network"
        )
    return described.penultimate


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsesSpec:
    """What every unit of a layer answers to every picture of a set."""

    kind: ClassVar[str] = "responses"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE

    model: str = parameters.model()
    layer: str = layer_field()
    images: str = text(
        "gallery, folder (the one that the app offers), or the path of a folder",
        default=picture_sets.GALLERY,
    )

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)

    @property
    def is_personal(self) -> bool:
        """Say whether it reads somebody's own pictures, of which nothing must reach a disk."""
        return picture_sets.is_folder(self.images)

    def prerequisites(self) -> tuple[Spec, ...]:
        """Return nothing: it starts from its pictures."""
        return ()

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        described = record(self.model)
        return {
            "layer": resolved_layer(self.layer, described),
            "images": picture_sets.identity(self.images, described.input_size),
        }

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin to look."""
        from advviz.experiments.atlas_procedures import look

        del results
        return look(self, record(self.model), device)


def ranked(result: Result, unit: int) -> Array:
    """Order the pictures by a unit's largest activation in each, the strongest first; int [N]."""
    order: Array = np.argsort(-result.arrays["maxima"][:, unit], kind="stable")
    return order


def cropped(result: Result, picture: int, unit: int) -> Array:
    """Cut out of a picture what lies around the position where a unit answers most.

    Returns:
        uint8 [3, crop, crop]; the whole picture for a layer without positions.
    """
    top, left = (int(number) for number in result.arrays["corners"][picture, unit])
    side = int(result.facts["crop"])
    cut: Array = result.arrays["pictures"][picture, :, top : top + side, left : left + side]
    return cut


def never_active(result: Result) -> Array:
    """Say which units rise above 0 at no position of any picture; bool [C]."""
    silent: Array = result.arrays["maxima"].max(0) <= 0
    return silent


def strongest(result: Result) -> Array:
    """Return each unit's largest activation in any picture; float [C]."""
    largest: Array = result.arrays["maxima"].max(0)
    return largest


def alike(result: Result) -> Array:
    """Return how far each two units answer alike: their correlation over the pictures [C, C].

    A unit that answers the same to every picture is like no other: its row is 0, but for itself.
    """
    maxima = result.arrays["maxima"].astype(np.float64)
    centred = maxima - maxima.mean(0)
    length = np.linalg.norm(centred, axis=0)
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 0)
    found: Array = unit.T @ unit
    np.fill_diagonal(found, 1.0)
    return found


def in_chain(result: Result) -> Array:
    """Order the units so that each is followed by the one most like it that is left; int [C].

    The chain begins with the unit of the largest activation.
    """
    likeness = alike(result)
    left = np.ones(len(likeness), bool)
    chain = [int(np.argmax(strongest(result)))]
    left[chain[0]] = False
    while left.any():
        nearest = int(np.argmax(np.where(left, likeness[chain[-1]], -np.inf)))
        chain.append(nearest)
        left[nearest] = False
    return np.array(chain)
