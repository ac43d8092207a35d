"""Which units an attack turned on and off, as a spec."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from advviz.data import picture_sets
from advviz.experiments import parameters
from advviz.experiments.alike import attack_of
from advviz.experiments.protocol import REFERENCE, Spec
from advviz.experiments.references import FromImage, image_key, made_by
from advviz.experiments.responses import ResponsesSpec, layer_field
from advviz.experiments.result import Result
from advviz.fields import count, text
from advviz.models.records import record


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsSpec(FromImage):
    """The units of a layer that an attack turned on and off most, by their own spread."""

    kind: ClassVar[str] = "units"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE

    model: str = parameters.model()
    image: str = parameters.image()
    layer: str = layer_field()
    images: str = text(
        "sample pictures: gallery, folder (the one that the app offers), or a folder's path",
        default=picture_sets.GALLERY,
    )
    top: int = count(8, 1, 64, "units that were turned on, and as many that were turned off")
    draws: int = count(10, 1, 100, "copies with noise of the attack's size, to compare with")
    seed: int = parameters.seed("of the noisy copies")

    @property
    def responses(self) -> ResponsesSpec:
        """Return what the layer's units answer to the sample pictures."""
        return ResponsesSpec(model=self.model, layer=self.layer, images=self.images)

    def prerequisites(self) -> tuple[Spec, ...]:
        """List the attack, and what the units answer to the sample pictures."""
        return (*made_by(self.image), self.responses)

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on.

        Raises:
            InvalidInputError: the image is not the result of an attack.
        """
        attack_of(self.image, "units that were turned on")
        return {
            "image": image_key(self.image, record(self.model)),
            "responses": self.responses.resolved(),
            "responses version": self.responses.version,
            "top": self.top,
            "draws": self.draws,
            "seed": self.seed,
        }

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin to look."""
        from advviz.experiments.turned_units_procedure import look

        attack, seen = results
        return look(self, attack, seen, device)
