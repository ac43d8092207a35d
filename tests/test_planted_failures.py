"""A failure planted where it can happen: it ends one job with one sentence; the next one runs.

The engine is the real one, with real models and a real folder. Toys fail in
`test_engine_failures.py`, files in `test_cache.py`.
"""

import errno
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engine_toys import ended, until
from torch import nn

from advviz.attacks.catalogue import attack_named
from advviz.compute import Engine, Job, State
from advviz.compute.disk import DiskCache
from advviz.compute.store import ModelStore
from advviz.errors import WeightsError
from advviz.experiments import procedures
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec
from advviz.models import loading
from advviz.models.records import pair

STANDARD, ROBUST = (described.id for described in pair())
SPEC = AttackSpec(model=STANDARD, image="sample:chelsea", target="goldfish", steps=2)
NEXT = replace(SPEC, seed=1)
LONG = replace(SPEC, steps=1000, restarts=50)

Make = Callable[..., Engine]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make engines over one folder, as after restarts."""
    made: list[Engine] = []

    def engine() -> Engine:
        made.append(Engine(use_shipped=False, disk=DiskCache(tmp_path / "results")))
        return made[-1]

    yield engine
    for one in made:
        one.close()


def failed(one: Engine, spec: AttackSpec = SPEC) -> str:
    """Run a spec that must fail; return its sentence."""
    job = one.submit(spec)
    ended(job)
    assert job.state is State.FAILED
    assert job.result is None
    sentence = str(job.error)
    assert sentence
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    assert 'File "' not in sentence
    return sentence


def same(one: Result, other: Result) -> bool:
    """Say whether two results are the same bytes."""
    return {name: array.tobytes() for name, array in one.arrays.items()} == {
        name: array.tobytes() for name, array in other.arrays.items()
    }


def results_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("results/??/*.safetensors"))


# --- in the procedure -----------------------------------------------------------


def plant(monkeypatch: pytest.MonkeyPatch, search: Callable[..., Any]) -> None:
    """Have every attack search like this."""
    broken = replace(attack_named("pgd"), make=search)
    monkeypatch.setattr(procedures, "attack_named", lambda _name: broken)


def test_in_the_procedure(make: Make, monkeypatch: pytest.MonkeyPatch):
    """In the middle of the search."""
    one, whole = make(), attack_named("pgd").make

    def breaks(*words: Any, **more: Any) -> Any:
        inner = whole(*words, **more)
        yield next(inner)
        raise ValueError("planted\nin the search")

    plant(monkeypatch, breaks)
    assert "planted" in failed(one)
    monkeypatch.undo()
    assert one.run(NEXT).facts["steps"] == 2
    assert one.submit(SPEC).state is not State.DONE  # nothing of it was kept
    assert one.run(SPEC).facts["steps"] == 2


def test_in_closing(make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """A search that is stopped fails while it tidies up: it is stopped all the same."""
    one, whole = make(), attack_named("pgd").make

    def untidy(*words: Any, **more: Any) -> Any:
        try:
            return (yield from whole(*words, **more))
        finally:
            raise RuntimeError("planted in closing")

    plant(monkeypatch, untidy)
    with one.watch("somebody", [LONG]) as view:
        until(lambda: view.jobs[0].progress is not None)
        one.stop("somebody")
        ended(*view.jobs)
    monkeypatch.undo()
    assert view.jobs[0].state is State.CANCELLED
    assert view.jobs[0].error is None
    assert "planted in closing" in caplog.text
    assert one.run(NEXT).facts["steps"] == 2


# --- in the model -----------------------------------------------------------------


class Breaks(nn.Module):
    """A layer that works for some passes."""

    def __init__(self, passes: int) -> None:
        super().__init__()
        self.passes = passes

    def forward(self, features: Any) -> Any:
        self.passes -= 1
        if self.passes < 0:
            raise RuntimeError("planted in a layer\nof the network")
        return features


@pytest.mark.parametrize("passes", [0, 1, 2])
def test_in_a_layer_of_the_model(make: Make, monkeypatch: pytest.MonkeyPatch, passes: int):
    """The other model goes on, and so does this one once its layer works again."""
    expected = make().run(NEXT)
    layers: list[Breaks] = []
    whole = loading.load_model

    def planted(model: str) -> nn.Module:
        network = whole(model)
        if model == STANDARD:
            layers.append(Breaks(passes))
            network = nn.Sequential(network, layers[-1])
        return network

    monkeypatch.setattr(loading, "load_model", planted)
    one = make()
    one.results.disk = None
    assert "planted in a layer" in failed(one)
    assert one.run(replace(NEXT, model=ROBUST)).facts["steps"] == 2
    for layer in layers:
        layer.passes = 1000
    assert same(one.run(NEXT), expected)


class Stingy(nn.Module):
    """A layer that has no memory for more than some rows."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows

    def forward(self, features: Any) -> Any:
        if len(features) > self.rows:
            raise RuntimeError(
                "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"
            )
        return features


@pytest.fixture
def stingy(monkeypatch: pytest.MonkeyPatch) -> Stingy:
    """Put such a layer before the standard model."""
    layer, whole = Stingy(0), loading.load_model

    def planted(model: str) -> nn.Module:
        network = whole(model)
        return nn.Sequential(layer, network) if model == STANDARD else network

    monkeypatch.setattr(loading, "load_model", planted)
    return layer


def test_out_of_memory_for_a_single_row(make: Make, stingy: Stingy):
    """One sentence; the other model goes on, and so does this one once there is room."""
    one = make()
    assert "memory does not suffice for one image of 64×64 pixels" in failed(one)
    assert one.run(replace(NEXT, model=ROBUST)).facts["steps"] == 2
    stingy.rows = 100
    assert one.run(NEXT).facts["steps"] == 2


def test_out_of_memory_for_many_rows(make: Make, stingy: Stingy, tmp_path: Path):
    """It goes on with fewer: the verification asks for three. Said, and kept nowhere."""
    one, stingy.rows = make(), 1
    expected = make().run(replace(SPEC, model=ROBUST))
    found = one.run(SPEC)
    assert found.facts["degraded"]
    assert one.peek(SPEC) is None
    assert len(list((tmp_path / "results").rglob("*.safetensors"))) == 1, "the other model's"
    assert "degraded" not in expected.facts


def test_in_loading_the_model(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A damaged file of weights: its sentence, and no memory of it once the file is whole."""
    one, whole = make(), loading.load_weights
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"<html>404</html>")

    def planted(described: Any, path: Path) -> nn.Module:
        return whole(described, damaged if described.id == STANDARD else path)

    monkeypatch.setattr(loading, "load_weights", planted)
    assert "damaged.safetensors is damaged" in failed(one)
    assert failed(one).endswith("reinstall advviz")
    assert one.run(replace(NEXT, model=ROBUST)).facts["steps"] == 2
    monkeypatch.undo()
    assert one.run(SPEC).facts["steps"] == 2


def test_in_loading_everything(monkeypatch: pytest.MonkeyPatch, make: Make):
    """Nothing can be prepared and no model be loaded: each job says so, the worker lives."""

    def refuses(_store: ModelStore, *_: Any) -> Any:
        raise WeightsError("the weights are on a disk that is gone; mount it again")

    one = make()
    monkeypatch.setattr(ModelStore, "prepare", refuses)
    monkeypatch.setattr(ModelStore, "classifier", refuses)
    assert (
        failed(one)
        == failed(one, NEXT)
        == ("the weights are on a disk that is gone; mount it again")
    )
    monkeypatch.undo()
    assert one.run(SPEC).facts["steps"] == 2


# --- in the cache -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cut", "flipped", "empty", "other"])
def test_in_the_cache_file(make: Make, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture):
    """A damaged file is never served: after a restart the result is computed again, and kept."""
    first, other = make().run(SPEC), make().run(NEXT)
    kept = {path: path.read_bytes() for path in results_of(tmp_path)}
    assert len(kept) == 2
    for path, data in kept.items():
        half = len(data) // 2
        damages = {"cut": data[:half], "empty": b"", "other": b"<html>404</html>"}
        flipped = data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :]
        path.write_bytes({**damages, "flipped": flipped}[kind])
    one = make()
    job = one.submit(SPEC)
    assert job.state is not State.DONE
    ended(job)
    assert job.state is State.DONE
    assert same(job.result, first)
    assert same(one.run(NEXT), other)
    assert "a cached result is not used" in caplog.text
    restarted = make()
    assert same(restarted.peek(SPEC), first)  # kept anew, and whole
    assert same(restarted.peek(NEXT), other)


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("place", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.mkdir"])
def test_on_a_full_disk(
    make: Make,
    tmp_path: Path,
    place: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    """The result is there for those who asked; it is not kept; one line in the log says why."""
    one = make()
    monkeypatch.setattr(place, full)
    with caplog.at_level(logging.WARNING):
        found = one.run(SPEC)
    assert found.facts["steps"] == 2
    assert [r.getMessage() for r in caplog.records if "No space left" in r.getMessage()]
    assert not any(record.exc_info for record in caplog.records)
    assert one.submit(SPEC).state is State.DONE  # from memory
    monkeypatch.undo()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    one.run(NEXT)
    assert len(results_of(tmp_path)) == 1


LIMITED = """
import resource, sys
from pathlib import Path
from advviz.compute import Engine
from advviz.compute.disk import DiskCache
from advviz.experiments.links import from_link
one = Engine(use_shipped=False, disk=DiskCache(Path(sys.argv[1])))
spec, after = map(from_link, sys.argv[2:])
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
assert one.run(spec).facts["steps"] == 2
assert one.peek(spec) is not None
assert not [path for path in Path(sys.argv[1]).rglob("*") if path.is_file()]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
one.run(after)
assert one.results.disk.usage().results == 1
one.close()
"""


def test_where_the_system_refuses_to_write(tmp_path: Path):
    """A real refusal in the middle of a file: the system lets files have 4096 bytes only."""
    pytest.importorskip("resource", reason="limits of the system are POSIX")
    from advviz.experiments.links import to_link

    words = [sys.executable, "-c", LIMITED, str(tmp_path / "results"), to_link(SPEC), to_link(NEXT)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "a result was not kept on disk" in done.stderr
    assert "Traceback" not in done.stderr


def test_in_keeping_the_result(make: Make, monkeypatch: pytest.MonkeyPatch):
    """Something that nobody foresaw, after the last step."""
    one = make()
    with monkeypatch.context() as patch:
        patch.setattr(DiskCache, "put", lambda *_: 1 / 0)
        assert "ZeroDivisionError" in failed(one)
    assert one.run(SPEC).facts["steps"] == 2


def test_failures_of_many_are_each_their_own(make: Make, monkeypatch: pytest.MonkeyPatch):
    """Every second job of a class fails; the others are right, and nothing is left open."""
    one, whole = make(), procedures.attack

    def planted(spec: AttackSpec, *words: Any) -> Any:
        if spec.seed % 2:
            raise KeyError(spec.seed)
        return whole(spec, *words)

    monkeypatch.setattr(procedures, "attack", planted)
    jobs: list[Job] = [one.submit(replace(SPEC, seed=n), f"student {n}") for n in range(8)]
    ended(*jobs)
    assert [job.state for job in jobs] == [State.DONE, State.FAILED] * 4
    assert one.open_jobs() == ()
