"""A plan with its images: everything that there is to do, in the order in which it is done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from advviz.data import images as pictures
from advviz.evaluation.chunks import AttackChunk, Block, Chunk, ProbeChunk, TransferChunk
from advviz.evaluation.plan import FULL, Cell, Plan
from advviz.evaluation.sampling import sampled
from advviz.evaluation.sources import listed, read
from advviz.models.records import record

ROWS = 32
"""Images attacked together. No image's random numbers depend on it."""
TOGETHER = 4
"""Models that are measured in turn, block by block: as many as stay loaded."""

OWNERS = "the owner's folder"
"""What private images are called: where they lie is nobody else's business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A plan, its images, and what each piece of it is.

    Args:
        plan: what is measured.
        names: of the images measured.
        groups: the folder, or class, of each.
        labels: by model, the class index of each.
        digests: by size, of the pixels of each.
        skipped: folders that are no class of all the models.
        private: see `Block`.
    """

    plan: Plan
    names: tuple[str, ...]
    groups: tuple[str, ...]
    labels: Mapping[str, tuple[int, ...]]
    digests: Mapping[int, tuple[str, ...]]
    skipped: tuple[str, ...]
    private: bool = False

    def __len__(self) -> int:
        """Count the images."""
        return len(self.names)

    @property
    def source_title(self) -> str:
        """Name where the images come from, for people."""
        return OWNERS if self.private else self.plan.source

    def blocks(self) -> tuple[range, ...]:
        """Cut the images into blocks of rows."""
        return tuple(
            range(first, min(first + ROWS, len(self))) for first in range(0, len(self), ROWS)
        )

    def block(self, rows: range, size: int) -> Block:
        """Return the images of some rows."""
        digests = self.digests[size]
        return Block(
            source=self.plan.source,
            names=tuple(self.names[row] for row in rows),
            digests=tuple(digests[row] for row in rows),
            size=size,
            private=self.private,
        )

    def chunk(self, cell: Cell, rows: range) -> AttackChunk:
        """Return the piece of a cell that is about some rows."""
        return AttackChunk(
            model=cell.model,
            block=self.block(rows, record(cell.model).input_size),
            labels=self._labels(cell.model, rows),
            attack=cell.attack,
            params=self.plan.cell_params(cell),
            norm=cell.budget.norm,
            eps=cell.budget.eps,
            seed=self.plan.seed,
            numerics=self.plan.numerics,
            full=cell.variant == FULL,
        )

    def probe(self, model: str, rows: range) -> ProbeChunk:
        """Return the questions about some rows that need no attack."""
        block = self.block(rows, record(model).input_size)
        return ProbeChunk(model=model, block=block, labels=self._labels(model, rows))

    def _labels(self, model: str, rows: range) -> tuple[int, ...]:
        return tuple(self.labels[model][row] for row in rows)

    def pieces(self) -> Iterator[tuple["Piece", Chunk]]:
        """List everything to do: block by block, so that every figure grows from the start.

        Of more models than stay loaded, some are measured to the end before the others. What is
        shown to other models is shown as soon as it is made, while it is at hand.
        """
        models = self.plan.models
        for first in range(0, len(models), TOGETHER):
            loaded = models[first : first + TOGETHER]
            for rows in self.blocks():
                for model in loaded:
                    yield from self._of_model(model, rows)
                yield from self._transfers(rows, loaded, loaded)
        for first in range(0, len(models), TOGETHER):
            loaded = models[first : first + TOGETHER]
            others = tuple(model for model in models if model not in loaded)
            for rows in self.blocks():
                yield from self._transfers(rows, others, loaded)

    def _of_model(self, model: str, rows: range) -> Iterator[tuple["Piece", Chunk]]:
        yield Piece(rows, model, None, None), self.probe(model, rows)
        for cell in self.plan.cells(model):
            yield Piece(rows, model, cell, None), self.chunk(cell, rows)

    def _transfers(
        self, rows: range, made_on: Sequence[str], shown_to: Sequence[str]
    ) -> Iterator[tuple["Piece", Chunk]]:
        for model in made_on:
            for cell in self.plan.cells(model):
                if cell.variant == FULL:
                    made = self.chunk(cell, rows)
                    for other in self.plan.transfers_to(model):
                        if other in shown_to:
                            piece = Piece(rows, other, cell, model)
                            yield piece, TransferChunk(model=other, made=made)


@dataclass(frozen=True, slots=True)
class Piece:
    """What a chunk is about.

    Args:
        rows: of the images.
        model: that is asked.
        cell: that it belongs to; None for a probe.
        made_on: the model on which transferred images were made; None for all else.
    """

    rows: range
    model: str
    cell: Cell | None
    made_on: str | None


def prepared(plan: Plan, *, private: bool = False) -> Work:
    """List and read a plan's images: what cannot be read is said now, not after hours.

    Raises:
        InvalidInputError: see `sources.listed`; or a file that is no image.
    """
    models = [record(model) for model in plan.models]
    found = listed(plan.source, models)
    rows = sampled(found.groups, plan.limit, plan.seed)
    names = tuple(found.names[row] for row in rows)
    digests = {
        size: tuple(pictures.digest(read(plan.source, name, size)) for name in names)
        for size in sorted({model.input_size for model in models})
    }
    return Work(
        plan=plan,
        names=names,
        groups=tuple(found.groups[row] for row in rows),
        labels=MappingProxyType(
            {model: tuple(of[row] for row in rows) for model, of in found.labels.items()}
        ),
        digests=MappingProxyType(digests),
        skipped=found.skipped,
        private=private,
    )
