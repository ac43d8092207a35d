"""What can be seen of the engine: the machine, the queue, the counts; of nobody anything else."""

import os
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from advviz.compute import devices
from advviz.compute.counters import Counters, Counts, Throughput
from advviz.compute.job import Job, State
from advviz.compute.results import Results
from advviz.compute.store import ModelStore


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory.

    Args:
        model: its id.
        numerics: who answers: "reference", or a "fast" copy and what that is.
        bytes: of its parameters and of its copies'.
    """

    model: str
    numerics: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Queued:
    """How many open jobs of a kind there are.

    Args:
        kind: of their specs.
        begun: have had the worker at least once.
        waiting: have not.
        background: of both, those that wait for nobody in particular.
    """

    kind: str
    begun: int
    waiting: int
    background: int


@dataclass(frozen=True, slots=True)
class Kept:
    """Results that are kept in one place: how many, bytes, and bytes allowed."""

    results: int
    bytes: int
    limit: int


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine at one moment; counts and kinds only.

    Args:
        device: what computes, in words.
        worker: whether the worker thread is alive; None before the first job.
        models: in memory, the least recently used first.
        queue: open jobs by kind.
        watching: pages that wait for results.
        counts: since the start.
        throughput: of the last minute.
        memory: results in memory.
        disk: results on disk; None where none are kept there.
        process: bytes of memory that the whole process holds; None where that is not known.
        uptime: seconds since the start.
    """

    device: str
    worker: bool | None
    models: tuple[LoadedModel, ...]
    queue: tuple[Queued, ...]
    watching: int
    counts: Counts
    throughput: Throughput
    memory: Kept
    disk: Kept | None
    process: int | None
    uptime: float

    @property
    def begun(self) -> int:
        """Count the open jobs that have had the worker."""
        return sum(queued.begun for queued in self.queue)

    @property
    def waiting(self) -> int:
        """Count the open jobs that have not."""
        return sum(queued.waiting for queued in self.queue)


def describe(
    store: ModelStore,
    results: Results,
    counters: Counters,
    jobs: Sequence[Job],
    watching: int,
    worker: bool | None,
    now: float,
) -> EngineStatus:
    """Describe an engine by its parts, at a moment on its clock."""
    memory, disk, usage = results.memory, results.disk, results.usage(now)
    return EngineStatus(
        device=device_words(str(getattr(store, "device", devices.CPU))),
        worker=worker,
        models=_models(store),
        queue=_queue(jobs),
        watching=watching,
        counts=counters.counts(),
        throughput=counters.throughput(now),
        memory=Kept(len(memory), memory.nbytes, memory.limit),
        disk=Kept(usage.results, usage.bytes, disk.limit) if disk and usage else None,
        process=resident_bytes(),
        uptime=counters.uptime(now),
    )


def _models(store: ModelStore) -> tuple[LoadedModel, ...]:
    return tuple(
        LoadedModel(model, _numerics(numerics, respondent), _nbytes(respondent))
        for (model, numerics), respondent in store.respondents()
    )


def _numerics(numerics: str, respondent: Any) -> str:
    found = getattr(respondent, "numerics", None)
    return numerics if found in (None, numerics) else f"{numerics}: {found}"


def _nbytes(respondent: Any) -> int:
    """Count the bytes of a classifier's tensors, or of the classifiers that it consists of."""
    parts = (getattr(respondent, name, None) for name in ("exact", "fast", "directions"))
    modules = [p.module for p in (respondent, *parts) if getattr(p, "module", None) is not None]
    tensors = {
        tensor.data_ptr(): tensor.nbytes
        for module in modules
        for tensor in (*module.parameters(), *module.buffers())
    }
    return sum(tensors.values())


def _queue(jobs: Sequence[Job]) -> tuple[Queued, ...]:
    begun = Counter(job.spec.kind for job in jobs if job.state is State.RUNNING)
    every = Counter(job.spec.kind for job in jobs)
    behind = Counter(job.spec.kind for job in jobs if job.background)
    return tuple(
        Queued(kind, begun[kind], every[kind] - begun[kind], behind[kind]) for kind in sorted(every)
    )


@cache
def device_words(device: str) -> str:
    """Name what computes, in words for a user.

    Args:
        device: "cpu" or "cuda".
    """
    if device != devices.CPU:
        return f"GPU: {devices.words().partition(',')[0]}"
    threads = os.environ.get("OMP_NUM_THREADS") or str(os.cpu_count() or 1)
    return f"CPU: {_processor()}, {threads} thread{'' if threads == '1' else 's'}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def resident_bytes() -> int | None:
    """Return the bytes of memory that this process holds, where the system says so."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
