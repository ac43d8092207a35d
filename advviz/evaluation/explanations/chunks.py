"""The pieces of a benchmark of explanations: each is a spec, so that the engine runs and keeps it.

Answers come first; maps are of the class that the measured model gives; figures are of maps. A
key holds the images' digests, the weights and what the method is told, and nothing of the plan:
whoever measures the same finds it.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from advviz.data import uploads
from advviz.evaluation.chunks import Block
from advviz.evaluation.explanations.metrics import NULLS
from advviz.evaluation.explanations.plan import params_of
from advviz.experiments.protocol import REFERENCE, Spec
from advviz.experiments.reference_pictures import references_key
from advviz.experiments.result import Result
from advviz.explain.catalogue import explainer_named
from advviz.models.records import record

Steps = Generator[Any, Any, Result]
ANSWER, OTHER = "answer", "other"
"""The class that a map is about: the model's own answer, or another one drawn at random."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersChunk:
    """What a model says of a block: every map of it is about that."""

    kind: ClassVar[str] = "explanations"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE
    method: ClassVar[str] = "answers"

    model: str
    block: Block

    def prerequisites(self) -> tuple[Spec, ...]:
        """Need nothing."""
        return ()

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        return {"what": "answers", "images": self.block.digests}

    def procedure(self, results: Sequence[Result], device: str = "cpu") -> Steps:
        """Begin the question."""
        from advviz.evaluation.explanations.procedures import answers

        del results
        return answers(self, device)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapsChunk:
    """The maps of a block by one method.

    Args:
        model: that is explained; it may be the random copy of the one that answered.
        answers: which classes.
        explainer: name in the catalogue, or of a null.
        options: what it is told, every parameter; "" for a null.
        about: ANSWER or OTHER.
        seed: of the method's own noise, and of the other classes.
    """

    kind: ClassVar[str] = "explanations"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE

    model: str
    answers: AnswersChunk
    explainer: str
    options: str
    about: str = ANSWER
    seed: int = 0

    @property
    def method(self) -> str:
        """Name the sort of work, for estimates of its time."""
        return f"{self.explainer} maps"

    @property
    def image(self) -> str:
        """Return a reference to somebody's own picture where the maps show one."""
        return uploads.PREFIX if self.answers.block.private else ""

    def prerequisites(self) -> tuple[Spec, ...]:
        """Need the classes."""
        return (self.answers,)

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        from advviz.compute.keys import portable_key

        return {
            "what": "maps",
            "of": portable_key(self.answers),
            "about": self.about,
            "seed": self.seed,
            **_told(self.explainer, self.options, self.model),
        }

    def procedure(self, results: Sequence[Result], device: str = "cpu") -> Steps:
        """Begin the maps."""
        from advviz.evaluation.explanations.procedures import maps

        return maps(self, results[0], device)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresChunk:
    """Everything that is measured of the maps of a block by one method.

    Args:
        own: the maps.
        random: those of the network with random weights; None where it cannot be built anew.
        other: those for another class.
        replacements: see `ExplanationPlan`, as the rest.
    """

    kind: ClassVar[str] = "explanations"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE

    own: MapsChunk
    random: MapsChunk | None
    other: MapsChunk
    replacements: tuple[str, ...]
    steps: int
    ranked: str
    changes: int
    neighbours: int
    seed: int

    @property
    def model(self) -> str:
        """Name the model that is explained."""
        return self.own.model

    @property
    def method(self) -> str:
        """Name the sort of work, for estimates of its time."""
        return f"{self.own.explainer} figures"

    def prerequisites(self) -> tuple[Spec, ...]:
        """Need the answers, and the maps."""
        return (self.own.answers, *self._maps)

    @property
    def _maps(self) -> tuple[MapsChunk, ...]:
        """List the maps: the own ones, for another class, and of random weights where known."""
        return (self.own, self.other, *((self.random,) if self.random else ()))

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        from advviz.compute.keys import portable_key

        return {
            "what": "figures",
            "of": [portable_key(maps) for maps in self._maps],
            "replacements": self.replacements,
            "steps": self.steps,
            "ranked": self.ranked,
            "changes": self.changes,
            "neighbours": self.neighbours,
            "seed": self.seed,
        }

    def procedure(self, results: Sequence[Result], device: str = "cpu") -> Steps:
        """Begin the measurements."""
        from advviz.evaluation.explanations.procedures import figures

        return figures(self, results, device)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentChunk:
    """The spectrum of a model's gradient, and where it points, over a block.

    Args:
        model: id.
        block: the images.
        labels: their true classes.
        near: the nearest image of another class of each.
        near_labels: the classes of these.
    """

    kind: ClassVar[str] = "explanations"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE
    method: ClassVar[str] = "alignment"

    model: str
    block: Block
    labels: tuple[int, ...]
    near: Block
    near_labels: tuple[int, ...]

    def prerequisites(self) -> tuple[Spec, ...]:
        """Need nothing."""
        return ()

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        return {
            "what": "alignment",
            "images": self.block.digests,
            "labels": self.labels,
            "near": self.near.digests,
            "near labels": self.near_labels,
        }

    def procedure(self, results: Sequence[Result], device: str = "cpu") -> Steps:
        """Begin the gradients."""
        from advviz.evaluation.explanations.procedures import alignment

        del results
        return alignment(self, device)


Chunk = AnswersChunk | MapsChunk | FiguresChunk | AlignmentChunk


def _told(explainer: str, options: str, model: str) -> dict[str, Any]:
    """Return what identifies a method and what it is told."""
    if explainer in NULLS:
        return {"null": explainer}
    described = explainer_named(explainer)
    told: dict[str, Any] = {"explainer": explainer, "explainer version": described.version}
    resolved = params_of(explainer, options).resolved(record(model).input_size)
    told["options"] = repr(resolved)
    if described.references:
        told["references"] = references_key(record(model).input_size)
    return told
