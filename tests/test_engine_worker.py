"""This engine's insides: its clock, its quanta, its worker thread, its place in the process."""

import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_toys import (
    MODEL,
    PATIENCE,
    Held,
    Store,
    Toy,
    blocked_queue,
    ended,
    engines,
    names,
    quick,
    result,
    this_engine,
    until,
)
from toys import convolutional, labels, pictures

from advviz.attacks.pgd import PGDParams, pgd
from advviz.compute import Engine, State, desk, engine, queue, worker
from advviz.compute.store import ModelStore
from advviz.experiments.codec import to_link
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec, ExplainSpec, PredictSpec, VisualizeSpec
from advviz.noise import Noise
from advviz.objectives import towards
from advviz.protocol import Call
from advviz.threat_models import L2Ball

TESTS = Path(__file__).resolve().parent
HERE = {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}


class Clock:
    """The engine's clock, moved by the test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def make_engine() -> Iterator[Callable[..., Engine]]:
    """Make this engine, whichever the other tests are about."""
    with engines(this_engine) as make:
        yield make


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put the engine's time into the test's hands; waiting stays real."""
    clock = Clock()
    for module in (desk, worker):
        monkeypatch.setattr(module, "time", clock)
    return clock


# --- its clock ----------------------------------------------------------------


def test_a_job_whose_watcher_is_lost_goes_on_for_the_grace_and_is_closed_then(make_engine, clock):
    """A second of the engine's time, not less, and not for ever."""
    one, held, waiting = make_engine(), Held(steps=100), Held()
    with one.watch("s", [held.spec, waiting.spec]) as view:
        assert held.inside.wait(PATIENCE)
    for step in (1, 2):
        clock.now += 0.4
        held.let()
        until(lambda step=step: held.done == step)
        assert view.jobs[0].state is State.RUNNING
    clock.now += 0.4
    held.let()
    ended(*view.jobs)
    assert [job.state for job in view.jobs] == [State.CANCELLED] * 2
    assert held.done == 2
    assert waiting.runs == 0


def test_who_comes_back_within_the_grace_finds_the_job(make_engine, clock):
    """A page that is run again: the same job, and the grace is forgotten."""
    one, held = make_engine(), Held(steps=3)
    with one.watch("s", [held.spec]) as first:
        assert held.inside.wait(PATIENCE)
    clock.now += 0.9
    with one.watch("s", [held.spec]) as second:
        clock.now += 50
        held.let_all()
        ended(*second.jobs)
    assert second.jobs[0] is first.jobs[0]
    assert second.jobs[0].state is State.DONE
    assert held.runs == 1


def test_leaving_a_superseded_view_late_gives_its_jobs_no_grace(make_engine, clock):
    """The old run of a script ends after the new one has begun, and must not keep its job."""
    one, held = make_engine(), Held(steps=100)
    old = one.watch("s", [held.spec])
    assert held.inside.wait(PATIENCE)
    with one.watch("s", [quick()]), old:
        pass
    held.let()
    ended(*old.jobs)
    assert old.jobs[0].state is State.CANCELLED
    assert clock.now == 1000.0, "no time has passed"


def test_a_view_that_was_left_is_forgotten(make_engine, clock):
    """Or every closed tab would keep its results for ever."""
    one, held = make_engine(), Held()
    with one.watch("s", [held.spec]) as view:
        assert held.inside.wait(PATIENCE)
    jobs, gone = view.jobs, weakref.ref(view)
    del view
    clock.now += 5
    held.let_all()
    ended(*jobs)
    until(lambda: (gc.collect(), gone() is None)[1])


def test_a_job_past_two_seconds_goes_behind_newer_short_ones(make_engine, clock):
    """And is finished afterwards."""
    one, log = make_engine(), []

    def body(_results):
        for step in range(12):
            yield Call(lambda _, step=step: (log.append(f"long {step}"), tick()))
        log.append("long ends")
        return result()

    def tick():
        clock.now += 0.6
        if clock.now > 1001.7 and len(short) == 0:  # the third step: below two seconds
            short.append(one.submit(quick(log), "short"))

    short: list[Any] = []
    long = one.submit(Toy(f"long-{next(names)}", body), "long")
    ended(long)
    ended(*short)
    place = log.index(short[0].spec.name)
    assert log[place - 1] == "long 3", "2.4 seconds old, it steps back"
    assert log[-1] == "long ends"


def test_a_short_job_is_not_interrupted_by_a_newer_one(make_engine, clock):
    """First come: below two seconds it keeps its turn."""
    one, log = make_engine(), []

    def body(_results):
        for _ in range(3):
            yield Call(lambda _: advance())
        log.append("first")
        return result()

    def advance():
        clock.now += 0.6

    blocker = blocked_queue(one)
    first = one.submit(Toy(f"short-{next(names)}", body), "a")
    second = one.submit(quick(log), "b")
    blocker.let_all()
    ended(first, second)
    assert log == ["first", second.spec.name]


# --- its results --------------------------------------------------------------


def test_a_known_result_needs_no_prerequisites(make_engine):
    """Although what it started from is no longer known."""
    one, log = make_engine(), []
    attack = quick(log)
    spec = quick(needs=(attack,))
    one.run(spec)
    other = make_engine()
    other.results.memory.put(one.submit(spec).key, one.peek(spec))
    assert other.submit(spec).state is State.DONE
    assert other.open_jobs() == ()
    assert len(log) == 1


def attack_toy(row: int) -> Toy:
    """Attack one picture with random starts, for real."""

    def body(_results):
        found = yield from pgd(
            pictures(4)[row : row + 1], towards(labels(row % 3)), L2Ball(0.4),
            PGDParams(step_size=0.1, steps=15, random_start=True, restarts=2), noise=Noise(0),
        )  # fmt: skip
        return Result.of({"x": found.images, "logits": found.logits}, {"value": 0.0})

    return Toy(f"attack-{row}", body)


def test_results_are_the_same_bytes_alone_and_among_other_jobs(make_engine, monkeypatch):
    """Four attacks are each begun and put aside, with other people's work between."""
    alone = [make_engine(Store(convolutional())).run(attack_toy(row)) for row in range(4)]
    monkeypatch.setattr(worker, "QUANTUM", 0.0)  # one step a turn
    monkeypatch.setattr(queue, "SHORT", 0.0)  # and those who had one go behind
    crowded = make_engine(Store(convolutional()))
    blocker = blocked_queue(crowded)
    jobs = [crowded.submit(attack_toy(row), f"s{row}") for row in range(4)]
    others = [crowded.submit(quick(), "other") for _ in range(5)]
    blocker.let_all()
    ended(*jobs, *others)
    for job, before in zip(jobs, alone, strict=True):
        assert job.state is State.DONE
        for name, array in before.arrays.items():
            assert job.result.arrays[name].tobytes() == array.tobytes()


RESTARTED = """
import sys
from advviz.compute import Engine
from advviz.experiments.links import from_link
from test_engine_worker import bytes_of
for link in sys.argv[1:]:
    sys.stdout.buffer.write(bytes_of(Engine(use_shipped=False).run(from_link(link))))
"""


def bytes_of(found: Result) -> bytes:
    """Return all that was computed."""
    return b"".join(name.encode() + found.arrays[name].tobytes() for name in sorted(found.arrays))


def test_results_of_a_shipped_model_are_the_same_bytes_after_a_restart():
    """Another process, another engine, another order."""
    specs = [
        AttackSpec(model=MODEL, image="sample:goose", target="dog", steps=4, random_start=True),
        ExplainSpec(model=MODEL, image="sample:chelsea", method="smoothgrad", samples=5),
        PredictSpec(model=MODEL, image="sample:jeep"),
        VisualizeSpec(model=MODEL, unit="class:goldfish", steps=3),
    ]
    with engines(this_engine) as make:
        one = make(ModelStore())
        jobs = [one.submit(spec, f"s{i}") for i, spec in enumerate(reversed(specs))]
        ended(*jobs)
        here = b"".join(bytes_of(job.result) for job in reversed(jobs))
    words = [sys.executable, "-c", RESTARTED, *map(to_link, specs)]
    there = subprocess.run(words, capture_output=True, check=True, env=os.environ | HERE)
    assert there.stdout == here


# --- its place ----------------------------------------------------------------


def test_there_is_one_engine_a_process():
    """Asking for it starts no thread."""
    before = set(threading.enumerate())
    assert engine() is engine()
    assert set(threading.enumerate()) <= before


def test_pages_can_be_written_without_torch():
    """Importing engine, specs, links and all beside them loads no torch."""
    program = """
import importlib, pkgutil, sys
import advviz.compute, advviz.experiments
for package in (advviz.compute, advviz.experiments):
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.endswith(("procedure", "procedures", "no_network")):  # compute
            importlib.import_module(f"{package.__name__}.{module.name}")
from advviz.experiments.specs import AttackSpec
spec = AttackSpec(model="tiny14-standard", image="sample:chelsea", target="goldfish")
advviz.compute.Engine().peek(spec)
loaded = sorted(name for name in sys.modules if name.split(".")[0] in ("torch", "captum"))
assert not loaded, loaded[:3]
print("no torch")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "no torch", done.stderr
