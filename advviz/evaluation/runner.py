"""Runs the pieces of an evaluation through an engine; each is kept as soon as it is done."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from advviz.compute import Engine, Job, State
from advviz.compute.disk import LIMIT, DiskCache
from advviz.errors import AdvvizError, CancelledError
from advviz.evaluation.tally import Tally
from advviz.evaluation.work import Work
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result

AHEAD = {"cpu": 1, "cuda": 8}
"""Pieces in work at once. On a CPU one, so that a killed run has lost no more; on a GPU their
questions are answered together."""


class HasPieces(Protocol):
    """What there is to do: of attacks, of explanations."""

    def pieces(self) -> Iterator[tuple[Any, Spec]]:
        """List everything to do, each with what it is about."""
        ...


class Takes(Protocol):
    """What gathers results."""

    def add(self, piece: Any, result: Result) -> None:
        """Take in the result of a piece."""
        ...


class OwnResults(DiskCache):
    """A folder of results from which only those are taken that this process has written.

    So a run that is to measure anew still keeps what it measures.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        super().__init__(folder, limit)
        self._own: set[str] = set()

    def get(self, key: str) -> Result | None:
        """Return a result of this process."""
        return super().get(key) if key in self._own else None

    def put(self, key: str, result: Result) -> None:
        """Keep a result."""
        self._own.add(key)
        super().put(key, result)


@dataclass(slots=True)
class Progress:
    """How far an evaluation is.

    Args:
        done: pieces.
        total: pieces.
        jobs: those in work.
    """

    done: int
    total: int
    jobs: tuple[Job, ...] = ()


def known(work: Work, engine: Engine) -> Tally:
    """Gather what is already there; nothing is computed."""
    tally = Tally(work)
    for piece, chunk in work.pieces():
        found = engine.peek(chunk)
        if found is not None:
            tally.add(piece, found)
    return tally


def advance(
    work: HasPieces, engine: Engine, tally: Takes, session: str = "evaluation"
) -> Iterator[Progress]:
    """Measure what is missing, and say now and then how far it is.

    Whoever stops asking stops the work; what is done is kept, and is found by whoever begins
    again. Before each piece it is looked up: another process may have measured it.

    Args:
        work: what there is to do.
        engine: computes.
        tally: grows while this runs.
        session: of the engine's view; bulk work gives way to whatever somebody waits for.

    Raises:
        AdvvizError: a piece failed.
    """
    ahead = AHEAD.get(getattr(getattr(engine, "store", None), "device", "cpu"), 1)
    progress = Progress(0, sum(1 for _ in work.pieces()))
    pieces = work.pieces()
    while batch := list(islice(pieces, ahead)):
        missing: list[tuple[Any, Spec]] = []
        for piece, chunk in batch:
            found = engine.peek(chunk)
            if found is None:
                missing.append((piece, chunk))
            else:
                tally.add(piece, found)
                progress.done += 1
        if not missing:
            continue
        with engine.watch(session, [chunk for _, chunk in missing], background=True) as view:
            progress.jobs = view.jobs
            for _ in view.updates():
                yield progress
        for (piece, _), job in zip(missing, view.jobs, strict=True):
            tally.add(piece, _result(job))
            progress.done += 1
        progress.jobs = ()
        yield progress
    yield progress


def _result(job: Job) -> Result:
    if job.result is None:
        failure = CancelledError if job.state is State.CANCELLED else AdvvizError
        raise failure(job.error or "the evaluation was stopped")
    return job.result


def measured(work: Work, engine: Engine, report: Callable[[Progress], None] | None = None) -> Tally:
    """Measure everything, and wait for it.

    Raises:
        AdvvizError: a piece failed.
    """
    tally = Tally(work)
    for progress in advance(work, engine, tally):
        if report is not None:
            report(progress)
    return tally


def seconds_left(work: HasPieces, engine: Engine) -> float | None:
    """Estimate the engine's seconds for what is missing, from what like pieces took.

    Returns:
        None where some sort of piece has not been seen yet.
    """
    total = 0.0
    for _, chunk in work.pieces():
        if engine.peek(chunk) is None:
            left = engine.timings.left(Job(chunk, ""))
            if left is None:
                return None
            total += left
    return total
