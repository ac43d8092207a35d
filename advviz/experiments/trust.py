"""When to believe a map: it is compared with maps that cannot know what the network learned."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result
from advviz.experiments.specs import ExplainSpec
from advviz.fields import count, number
from advviz.models.model_record import RandomWeights
from advviz.models.randomized import MARK, SEEDS, cascade, random_copy
from advviz.models.records import record
from advviz.models.shelf import digest

AVERAGED = 5
"""Copies with random weights whose maps are averaged over noisy inputs; see `copies` for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapsSpec:
    """The map of a class on one network: of the image, and averaged over noisy copies of it.

    Args:
        judged: the map that is judged: its image, its class and its method are taken.
        model: the network that is asked instead.
        noisy: copies to average over; 0 for none.
        sigma: of their noise, as a share of the image's range.
    """

    kind: ClassVar[str] = "trust-maps"
    version: ClassVar[int] = 1

    judged: ExplainSpec
    model: str
    noisy: int = 0
    sigma: float = 0.0

    @property
    def image(self) -> str:
        """Name the image, which may be somebody's own."""
        return self.judged.image

    @property
    def numerics(self) -> str:
        """Return who answers, as for the map that is judged."""
        return self.judged.numerics

    def prerequisites(self) -> tuple[Spec, ...]:
        """List the map that is judged, which knows the pixels and the class."""
        return (self.judged,)

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        judged = {"version": self.judged.version, "weights": digest(record(self.judged.model))}
        return {
            "judged": judged | self.judged.resolved(),
            "noisy": self.noisy,
            "sigma": self.sigma,
        }

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin the maps."""
        from advviz.experiments.trust_procedures import maps

        return maps(self, results[0], device)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustSpec(ExplainSpec):
    """The tests of one map. It has the fields of the map, and how thoroughly it is tested."""

    kind: ClassVar[str] = "trust"
    version: ClassVar[int] = 1

    copies: int = count(
        19, 1, 99, "copies of the model with random weights; 19 are the fewest among which being "
        "first is unlikely by chance (1 in 20)",
    )  # fmt: skip
    noisy: int = count(8, 2, 100, "noisy inputs over which maps are averaged to be compared")
    spread: float = number(0.1, 0.0, 1.0, "standard deviation of their noise, of the image's range")
    nulls: int = count(19, 1, 99, "shifted copies of the map that it has to beat")
    points: int = count(16, 2, 256, "steps of the insertion and deletion curves")

    @property
    def judged(self) -> ExplainSpec:
        """Return the map that is judged."""
        return ExplainSpec(**{f.name: getattr(self, f.name) for f in fields(ExplainSpec)})

    @property
    def seeds(self) -> tuple[int, ...]:
        """List the seeds of the random copies; the judged model's own is none of them."""
        origin = record(self.model).weights_origin
        own = origin.seed if isinstance(origin, RandomWeights) else None
        return tuple(seed for seed in range(SEEDS) if seed != own)[: self.copies]

    @property
    def stages(self) -> tuple[str, ...]:
        """Name the copies in which ever more layers are random, the topmost first."""
        return cascade(record(self.model.partition(MARK)[0]), self.seeds[0])

    def averages(self) -> tuple[MapsSpec, ...]:
        """List the maps that are averaged: the model's own, those of the cascade, more copies.

        The cascade ends in the first copy that is random throughout.
        """
        more = [random_copy(self.model, seed) for seed in self.seeds[1:AVERAGED]]
        return tuple(self._on(model, self.noisy) for model in (self.model, *self.stages, *more))

    def plain(self) -> tuple[MapsSpec, ...]:
        """List the maps of the copies that are not averaged."""
        return tuple(self._on(random_copy(self.model, seed)) for seed in self.seeds[AVERAGED:])

    def _on(self, model: str, noisy: int = 0) -> MapsSpec:
        sigma = self.spread if noisy else 0.0
        return MapsSpec(judged=self.judged, model=model, noisy=noisy, sigma=sigma)

    def prerequisites(self) -> tuple[Spec, ...]:
        """List the map that is judged, and all that it is compared with."""
        return (self.judged, *self.averages(), *self.plain())

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        return {
            "judged": {"version": self.judged.version, **self.judged.resolved()},
            "maps version": MapsSpec.version,
            "copies": [digest(record(spec.model)) for spec in (*self.averages(), *self.plain())],
            "noisy": self.noisy,
            "spread": self.spread,
            "nulls": self.nulls,
            "points": self.points,
        }

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin the tests."""
        from advviz.experiments.trust_procedures import panel

        return panel(self, results, device)
