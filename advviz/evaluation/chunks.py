"""The pieces that an evaluation is cut into: each is a spec, so that the engine runs and keeps it.

A piece is about one block of images. Its key holds their digests, so that whoever measures the
same images finds it, whatever else is measured and wherever the images lie.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from advviz.attacks.catalogue import attack_named
from advviz.data import uploads
from advviz.evaluation.settings import told
from advviz.experiments.protocol import REFERENCE, Spec
from advviz.experiments.result import Result

Steps = Generator[Any, Any, Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some images at one size.

    Args:
        source: see `sources.listed`.
        names: of the images in it.
        digests: of their pixels at this size.
        size: pixels a side.
        private: they are somebody's own; no picture of them may be written to disk.
    """

    source: str
    names: tuple[str, ...]
    digests: tuple[str, ...]
    size: int
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackChunk:
    """One attack at one budget on one block, away from the true classes.

    Args:
        model: id.
        block: the images.
        labels: their true classes.
        attack: name in the catalogue.
        params: what it is told.
        norm: of the ball.
        eps: radius of the ball.
        seed: of all random numbers.
        numerics: who chooses directions.
        full: go on after the first success, and keep the images; for transfer.
    """

    kind: ClassVar[str] = "evaluate"
    version: ClassVar[int] = 1

    model: str
    block: Block
    labels: tuple[int, ...]
    attack: str
    params: Any
    norm: str
    eps: float
    seed: int = 0
    numerics: str = REFERENCE
    full: bool = False

    @property
    def method(self) -> str:
        """Name the sort of work, for estimates of its time."""
        return f"{self.attack} {self.norm} {self.eps:g} {self.params}"

    @property
    def image(self) -> str:
        """Return a reference to somebody's own picture if the result holds one."""
        return uploads.PREFIX if self.full and self.block.private else ""

    def prerequisites(self) -> tuple[Spec, ...]:
        """Need nothing."""
        return ()

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        return {
            "what": "attack",
            "attack version": attack_named(self.attack).version,
            "images": self.block.digests,
            "labels": self.labels,
            "attack": self.attack,
            "params": told(self.params),
            "norm": self.norm,
            "eps": self.eps,
            "seed": self.seed,
            "numerics": self.numerics,
            "full": self.full,
        }

    def procedure(self, results: Sequence[Result], device: str = "cpu") -> Steps:
        """Begin the attack."""
        from advviz.evaluation.procedures import attack_chunk

        del results
        return attack_chunk(self, device)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeChunk:
    """What red flags ask of a model without attacking it: gradients, repeated and odd answers."""

    kind: ClassVar[str] = "evaluate"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE
    method: ClassVar[str] = "probe"

    model: str
    block: Block
    labels: tuple[int, ...]

    def prerequisites(self) -> tuple[Spec, ...]:
        """Need nothing."""
        return ()

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        return {"what": "probe", "images": self.block.digests, "labels": self.labels}

    def procedure(self, results: Sequence[Result], device: str = "cpu") -> Steps:
        """Begin the questions."""
        from advviz.evaluation.procedures import probe_chunk

        del results
        return probe_chunk(self, device)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferChunk:
    """What a model says of images that were made to fool another one."""

    kind: ClassVar[str] = "evaluate"
    version: ClassVar[int] = 1
    numerics: ClassVar[str] = REFERENCE
    method: ClassVar[str] = "transfer"

    model: str
    made: AttackChunk

    @property
    def image(self) -> str:
        """Return a reference to somebody's own picture if there is one."""
        return self.made.image

    def prerequisites(self) -> tuple[Spec, ...]:
        """Need the images."""
        return (self.made,)

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        from advviz.compute.keys import portable_key

        return {"what": "transfer", "of": portable_key(self.made)}

    def procedure(self, results: Sequence[Result], device: str = "cpu") -> Steps:
        """Begin the questions."""
        from advviz.evaluation.procedures import transfer_chunk

        return transfer_chunk(results[0], device)


Chunk = AttackChunk | ProbeChunk | TransferChunk
