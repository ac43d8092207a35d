"""What is counted of the engine, and that work in the background delays nobody."""

import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch
from engine_toys import (
    MODEL,
    PATIENCE,
    Held,
    Store,
    Toy,
    blocked_queue,
    ended,
    engines,
    failing,
    names,
    result,
    this_engine,
)

from advviz.compute import Engine, State
from advviz.compute.counters import MINUTE, Counters
from advviz.compute.disk import DiskCache
from advviz.compute.status import device_words
from advviz.errors import InvalidInputError
from advviz.protocol import Answer, Call, Query


class Network:
    """Who answers for a model: says nothing of 48 bytes of weights."""

    def __init__(self) -> None:
        self.module = torch.nn.Linear(3, 3)

    def answer(self, query: Query) -> Answer:
        return Answer(torch.zeros(len(query.images), 2), torch.empty(0), torch.empty(0))


class OneModel(Store):
    """A store that has one model in memory."""

    def respondents(self) -> Any:
        return (((MODEL, "reference"), self.network),)


def toy(log: list[str] | None = None, **words: Any) -> Toy:
    """A spec of two questions, of five pictures in all."""
    name = f"toy-{next(names)}"

    def body(_results: Sequence[Any]) -> Generator[Any, Any, Any]:
        if log is not None:
            log.append(name)
        yield Query(torch.zeros(3, 1, 2, 2), gradient=False)
        yield Query(torch.zeros(2, 1, 2, 2), gradient=False)
        return result(size=4)

    return Toy(name, body, **words)


@pytest.fixture
def make_engine() -> Iterator[Callable[..., Engine]]:
    """Make advviz's own engines, whatever implementation is under test."""
    with engines(this_engine) as make:
        yield lambda **words: make(OneModel(Network()), **words)


# --- counts -----------------------------------------------------------------------


def test_every_result_that_was_asked_for_is_counted_by_where_it_came_from(make_engine, tmp_path):
    disk = DiskCache(tmp_path)
    kept = toy()
    make_engine(disk=disk).run(kept)
    one, new = make_engine(disk=disk), toy()
    one.run(kept)  # from disk
    one.run(kept)  # from memory
    one.run(new)  # computed
    counts = one.status().counts
    assert dict(counts.found) == {"memory": 1, "shipped": 0, "disk": 1}
    assert (counts.missed, counts.joined, counts.computed) == (1, 0, 1)
    assert counts.asked == 3
    assert counts.hit_rate == pytest.approx(2 / 3)


def test_who_joins_a_computation_is_counted_and_it_is_computed_once(make_engine):
    one, held = make_engine(), Held()
    jobs = [one.submit(held.spec, f"student {i}") for i in range(4)]
    held.let_all()
    ended(*jobs)
    counts = one.status().counts
    assert (counts.missed, counts.joined, counts.computed) == (4, 3, 1)
    assert counts.hit_rate == pytest.approx(3 / 4)


def test_only_what_people_ask_for_is_a_hit_or_a_miss(make_engine):
    """Not warming, nor looking, nor a prerequisite, nor what is computed again by wish."""
    one, spec = make_engine(), toy()
    ended(one.submit(spec, background=True))
    one.peek(spec)
    ended(one.submit(spec, fresh=True))
    one.run(toy(needs=(toy(), toy())))
    assert one.status().counts.asked == 1
    assert one.status().counts.computed == 5


def test_failures_and_stops_are_counted(make_engine):
    one, held = make_engine(), Held()
    view = one.watch("s", [failing(InvalidInputError("not this one")), held.spec])
    assert held.inside.wait(PATIENCE)
    one.stop("s")
    held.let_all()
    ended(*view.jobs)
    counts = one.status().counts
    assert (counts.computed, counts.failed, counts.cancelled) == (0, 1, 1)


def test_questions_and_pictures_are_counted(make_engine):
    one = make_engine()
    job = one.submit(toy())
    ended(job, one.submit(toy()))
    assert (job.steps, job.rows) == (2, 5)
    counts = one.status().counts
    assert (counts.steps, counts.rows) == (4, 10)
    assert counts.busy > 0


def test_an_answer_that_fails_is_no_step(make_engine):
    def body(_results):
        yield Query(torch.zeros(2, 1, 2, 2), gradient=False)
        yield Call(lambda _: 1 / 0)

    one = make_engine()
    ended(one.submit(Toy(f"toy-{next(names)}", body)))
    assert (one.status().counts.steps, one.status().counts.rows) == (1, 2)


def test_the_hit_rate_of_nothing_is_none():
    assert Counters(0.0).counts().hit_rate is None


def test_throughput_is_of_the_last_minute():
    """Ten steps of two pictures a second, for two minutes, the worker half busy; then none."""
    counters = Counters(0.0)
    for tenth in range(1200):
        counters.worked(tenth / 10, 0.05, 1, 2)
    full = counters.throughput(119.95)
    assert (full.steps, full.rows) == (pytest.approx(10), pytest.approx(20))
    assert full.busy == pytest.approx(0.5)
    assert counters.throughput(119.95 + MINUTE / 2).steps == pytest.approx(5)
    assert counters.throughput(119.95 + MINUTE).steps == 0
    assert counters.counts().steps == 1200


def test_throughput_soon_after_the_start_is_of_the_time_since():
    counters = Counters(100.0)
    counters.worked(103.0, 2.0, 20, 20)
    found = counters.throughput(104.0)
    assert (found.steps, found.busy) == (pytest.approx(5), pytest.approx(0.5))


def test_counts_from_many_threads_are_all_there():
    counters = Counters(0.0)

    def count() -> None:
        for number in range(500):
            counters.add("missed")
            counters.worked(number / 100, 0.001, 1, 3)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = counters.counts()
    assert (counts.missed, counts.steps, counts.rows) == (4000, 4000, 12000)


# --- the status -------------------------------------------------------------------


def test_a_new_engine_has_done_nothing_and_starts_no_worker(make_engine):
    before = set(threading.enumerate())
    status = make_engine().status()
    assert set(threading.enumerate()) <= before
    assert status.worker is None
    assert status.queue == ()
    assert (status.begun, status.waiting, status.watching, status.counts.asked) == (0, 0, 0, 0)
    assert status.disk is None


def test_the_queue_is_shown_by_kind(make_engine):
    one, held = make_engine(), Held(kind="attack")
    view = one.watch("s", [held.spec, toy(kind="map"), toy(kind="map")])
    behind = one.submit(toy(kind="attack"), background=True)
    assert held.inside.wait(PATIENCE)
    status = one.status()
    shown = [(q.kind, q.begun, q.waiting, q.background) for q in status.queue]
    assert shown == [("attack", 1, 1, 1), ("map", 0, 2, 0)]
    assert (status.begun, status.waiting, status.watching) == (1, 3, 1)
    assert status.worker is True
    held.let_all()
    ended(*view.jobs, behind)
    with view:
        pass
    assert one.status().watching == 0
    assert one.status().queue == ()


def test_models_and_results_are_measured(make_engine, tmp_path):
    one = make_engine(disk=DiskCache(tmp_path, limit=7000), cache_bytes=1000)
    one.run(toy())
    status = one.status()
    assert [(m.model, m.numerics, m.bytes) for m in status.models] == [(MODEL, "reference", 48)]
    assert (status.memory.results, status.memory.bytes, status.memory.limit) == (1, 32, 1000)
    assert status.disk is not None
    assert (status.disk.results, status.disk.limit) == (1, 7000)
    assert status.disk.bytes == sum(p.stat().st_size for p in tmp_path.glob("*/*"))


def test_the_folder_is_not_measured_at_every_look(make_engine, tmp_path, monkeypatch):
    one = make_engine(disk=DiskCache(tmp_path))
    measured: list[int] = []
    usage = DiskCache.usage
    monkeypatch.setattr(DiskCache, "usage", lambda self: (measured.append(1), usage(self))[1])
    for now in (0.0, 2.0, 29.0, 31.0):
        one.results.usage(now)
    assert len(measured) == 2


def test_a_status_holds_numbers_and_kinds_alone(make_engine):
    """Nothing leads back to what anybody asked for."""
    one, held = make_engine(), Held()
    view = one.watch("a secret session", [held.spec])
    assert held.inside.wait(PATIENCE)
    status = one.status()
    shown = repr([getattr(status, f.name) for f in fields(status)])
    for private in ("a secret session", held.spec.name, view.jobs[0].key):
        assert private not in shown
    held.let_all()
    ended(*view.jobs)


def test_the_machine_is_named():
    assert device_words("cpu").startswith("CPU: ")
    assert "thread" in device_words("cpu")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not say")
def test_the_process_has_more_memory_than_what_it_holds_in_an_array():
    """In a process of its own: in this one others may free what they hold meanwhile."""
    program = """
import numpy as np
from advviz.compute.status import resident_bytes
before = resident_bytes()
held = np.ones(2**26, dtype=np.uint8)
print((resident_bytes() - before) / held.nbytes)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) > 0.9


def test_a_status_loads_no_torch():
    program = (
        "import sys, advviz.compute as c; c.Engine().status();"
        "sys.exit(str([m for m in sys.modules if m.split('.')[0] == 'torch'][:3] or ''))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == ""


# --- in the background ------------------------------------------------------------


def test_work_in_the_background_goes_last(make_engine):
    """Whoever comes later, and whatever turn they have, comes before it."""
    one, log = make_engine(), []
    blocker = blocked_queue(one)
    behind = [toy(log) for _ in range(2)]
    wanted = [toy(log) for _ in range(3)]
    jobs = [one.submit(spec, background=True) for spec in behind]
    jobs += [one.submit(spec, "visitor") for spec in wanted]
    blocker.let_all()
    ended(*jobs)
    assert log == [spec.name for spec in (*wanted, *behind)]


def test_it_gives_way_within_its_quantum(make_engine):
    """A visitor's job begins when the present step ends, not after half a second of them."""
    one, behind, seen = make_engine(), Held(steps=50), []

    def body(_results: Sequence[Any]) -> Generator[Any, Any, Any]:
        seen.append(behind.done)
        yield Call(lambda _: None)
        return result()

    job = one.submit(behind.spec, background=True)
    assert behind.inside.wait(PATIENCE)
    visitor = one.submit(Toy(f"toy-{next(names)}", body), "visitor")
    behind.let_all()
    ended(visitor, job)
    assert seen == [0], "the step that it was in has not even returned to the procedure"
    assert behind.done == 50


def test_a_long_job_of_a_visitor_comes_before_it_too(make_engine):
    one, log = make_engine(), []
    blocker = blocked_queue(one)
    behind, long = one.submit(toy(log), background=True), one.submit(toy(log), "visitor")
    long.seconds = 1000.0
    blocker.let_all()
    ended(behind, long)
    assert log == [long.spec.name, behind.spec.name]


def test_one_that_somebody_asks_for_moves_to_the_front_with_what_it_needs(make_engine):
    one, log = make_engine(), []
    blocker = blocked_queue(one)
    first, needed = toy(log), toy(log)
    wanted = toy(log, needs=(needed,))
    jobs = [one.submit(spec, background=True) for spec in (first, wanted)]
    assert all(job.background for job in one.open_jobs()[1:])
    view = one.watch("visitor", [wanted])
    assert view.jobs[0] is jobs[1]
    assert [job.background for job in one.open_jobs()] == [False, False, False, True]
    blocker.let_all()
    ended(*jobs)
    assert log == [needed.name, wanted.name, first.name]


def test_it_takes_the_turn_of_a_new_job_when_somebody_asks(make_engine):
    """It was the tenth of the warming; the visitor wants one thing, like everybody."""
    one, log = make_engine(), []
    blocker = blocked_queue(one)
    behind = [toy(log) for _ in range(10)]
    jobs = [one.submit(spec, background=True) for spec in behind]
    greedy = [toy(log) for _ in range(3)]
    jobs += [one.submit(spec, "greedy") for spec in greedy]
    one.submit(behind[9], "visitor")
    blocker.let_all()
    ended(*jobs)
    assert log[:3] == [greedy[0].name, behind[9].name, greedy[1].name]


def test_one_that_is_left_goes_back_and_is_finished(make_engine):
    one, log = make_engine(), []
    blocker = blocked_queue(one)
    spec, other = toy(log), toy(log)
    job = one.submit(spec, background=True)
    with one.watch("visitor", [spec]):
        assert not job.background
    assert job.background
    last = one.submit(other, "another")
    blocker.let_all()
    ended(job, last)
    assert job.state is State.DONE
    assert log == [other.name, spec.name]


def test_a_page_may_watch_in_the_background(make_engine):
    """As for an evaluation: it is given up with its page, and goes behind everybody."""
    one, log = make_engine(), []
    blocker = blocked_queue(one)
    bulk = one.watch("evaluating", [toy(log)], background=True)
    mine = one.submit(toy(log), "visitor")
    blocker.let_all()
    ended(*bulk.jobs, mine)
    assert log == [mine.spec.name, bulk.jobs[0].spec.name]


def test_what_a_visitor_waits_for_stays_in_front_when_the_background_wants_it_too(make_engine):
    one, spec = make_engine(), toy()
    blocker = blocked_queue(one)
    job = one.submit(spec, "visitor")
    jobs = [job, one.submit(toy(needs=(spec,)), background=True)]
    assert not job.background
    blocker.let_all()
    ended(*jobs)
