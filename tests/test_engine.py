"""The engine: what every implementation of it promises to those who watch.

The experiments are toys whose steps the test holds and lets go; the store answers them
without a network. Another implementation is tested by another `make_engine`.
"""

import gc
import importlib
import itertools
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from toys import convolutional, labels, pictures

from advviz.attacks.pgd import PGDParams, pgd
from advviz.compute import Engine, State, engine, queue
from advviz.compute.cache import MemoryCache
from advviz.errors import AdvvizError, InvalidInputError, WeightsError
from advviz.experiments.result import Result
from advviz.experiments.specs import PredictSpec
from advviz.models.records import catalogue
from advviz.noise import Noise
from advviz.objectives import towards
from advviz.protocol import Call, Progress, Query
from advviz.threat_models import L2Ball

MODEL, BROKEN = tuple(catalogue())[:2]
PATIENCE = 60.0  # seconds: not a limit on the engine's speed, only on the test's waiting

Body = Callable[[Sequence[Result]], Generator[Any, Any, Result]]
names = itertools.count()
engine_module = importlib.import_module("advviz.compute.engine")  # `engine` is the function


# --- toys ---------------------------------------------------------------------


@dataclass(frozen=True)
class Toy:
    """A spec whose procedure the test writes."""

    kind: ClassVar[str] = "toy"
    version: ClassVar[int] = 1
    name: str
    body: Body = field(compare=False)
    needs: tuple[Any, ...] = ()
    model: str = MODEL
    numerics: str = "reference"

    def prerequisites(self) -> tuple[Any, ...]:
        """List what it starts from."""
        return self.needs

    def resolved(self) -> dict[str, Any]:
        """Return what the key holds."""
        return {"name": self.name}

    def procedure(self, results: Sequence[Result]) -> Generator[Any, Any, Result]:
        """Begin."""
        return self.body(results)


def result(value: float = 0.0, size: int = 1) -> Result:
    """Make a result of `size` float64 numbers."""
    return Result.of({"x": np.full(size, value)}, {"value": value})


class Held:
    """A procedure of some steps, each of which waits until it is let go."""

    def __init__(self, steps: int = 1, **words: Any) -> None:
        self.name = f"held-{next(names)}"
        self.runs = self.done = 0
        self.closed_in: str | None = None  # the thread in which the procedure ended
        self.inside = threading.Event()
        self._go = threading.Semaphore(0)
        self._steps = steps
        self.spec = Toy(self.name, self._body, **words)

    def _body(self, results: Sequence[Result]) -> Generator[Any, Any, Result]:
        self.runs += 1
        try:
            for step in range(self._steps):
                yield Call(self._wait, Progress("holding", step, self._steps))
                self.done += 1
            return result(sum(float(r.arrays["x"][0]) for r in results) + 1)
        finally:
            self.closed_in = threading.current_thread().name

    def _wait(self, _module: Any) -> None:
        self.inside.set()
        assert self._go.acquire(timeout=PATIENCE), "the test never let go"

    def let(self, steps: int = 1) -> None:
        """Let it make some steps."""
        self._go.release(steps)

    def let_all(self) -> None:
        """Hold it no longer."""
        self._go.release(1000)


def quick(log: list[str] | None = None, value: float = 1.0, **words: Any) -> Toy:
    """Make a spec of three steps that writes its name down when it begins."""
    name = f"quick-{next(names)}"

    def body(results: Sequence[Result]) -> Generator[Any, Any, Result]:
        if log is not None:
            log.append(name)
        for _ in range(3):
            yield Call(lambda _module: None)
        return result(value + sum(r.facts["value"] for r in results))

    return Toy(name, body, **words)


class Store:
    """Answers a call by running it, and a query by the network it was given."""

    def __init__(self, network: Any = None) -> None:
        self.network = network

    def prepare(self) -> None:
        """Nothing to load."""

    def respond(self, model: str, request: Any, *_: Any) -> Any:
        """Answer; one model cannot be loaded."""
        if model == BROKEN:
            raise WeightsError("the weights are damaged; reinstall advviz")
        return (
            self.network.answer(request) if isinstance(request, Query) else request.function(None)
        )

    def numerics(self, *_: Any) -> str:
        """Everything is exact."""
        return "reference"


class Clock:
    """The engine's clock, moved by the test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def make_engine() -> Iterator[Callable[..., Engine]]:
    """Make engines that end with the test."""
    made: list[Engine] = []

    def make(store: Any = None, **words: Any) -> Engine:
        made.append(Engine(store or Store(), use_shipped=False, **words))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put the engine's time into the test's hands; waiting stays real."""
    clock = Clock()
    monkeypatch.setattr(engine_module, "time", clock)
    return clock


def until(condition: Callable[[], Any]) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.002)


def ended(*jobs: Any) -> None:
    until(lambda: all(job.state.is_final for job in jobs))


# --- one computation for all who ask ------------------------------------------


def test_many_who_ask_for_the_same_share_one_computation(make_engine):
    """Single flight: sixty students, one preset, one run; the same result for all."""
    one, held, jobs = make_engine(), Held(), []
    threads = [
        threading.Thread(target=lambda i=i: jobs.append(one.submit(held.spec, f"student {i}")))
        for i in range(60)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held.let_all()
    ended(*jobs)
    assert held.runs == 1
    assert len({id(job.result) for job in jobs}) == 1
    assert {job.state for job in jobs} == {State.DONE}


def test_asking_at_the_moment_it_ends_does_not_compute_again(make_engine):
    """Known or under way, with nothing between: 50 rounds of it."""
    one = make_engine()
    for _ in range(50):
        log: list[str] = []
        spec = quick(log)
        first = one.submit(spec)
        while not first.state.is_final:
            one.submit(spec)
        assert one.submit(spec).state is State.DONE
        assert len(log) == 1


def test_a_known_result_is_there_at_once(make_engine):
    """Done when it is asked for, and the same object."""
    one, log = make_engine(), []
    spec = quick(log)
    first = one.run(spec)
    again = one.submit(spec)
    assert again.state is State.DONE
    assert again.result is first
    assert one.peek(spec) is first
    assert len(log) == 1


def test_a_fresh_job_is_computed_although_its_result_is_known(make_engine):
    """Recompute; what is known stays known to others meanwhile."""
    one, log = make_engine(), []
    spec = quick(log)
    one.run(spec)
    fresh = one.submit(spec, fresh=True)
    ended(fresh)
    assert fresh.state is State.DONE
    assert len(log) == 2


def test_peek_never_computes(make_engine):
    """None for what is not known, and no job for it."""
    one, log = make_engine(), []
    assert one.peek(quick(log)) is None
    assert one.open_jobs() == ()
    assert log == []


def test_equal_specs_have_one_key_and_others_another(make_engine):
    """The key is of what the result depends on."""
    one, held = make_engine(), Held()
    same = replace(held.spec, body=quick().body)
    first, second, other = one.submit(held.spec), one.submit(same), one.submit(quick())
    assert first is second
    assert other is not first
    assert other.key != first.key
    held.let_all()
    ended(first, other)


def test_results_cannot_be_changed(make_engine):
    """Everybody gets the same arrays: they are read-only, and so are the mappings."""
    found = make_engine().run(quick())
    for array in found.arrays.values():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(TypeError):
        found.arrays["x"] = np.zeros(1)
    with pytest.raises(TypeError):
        found.facts["value"] = 3


def test_a_result_owns_its_memory():
    """What it was made of may change afterwards."""
    array, tensor = np.zeros(3), torch.zeros(3)
    frozen = Result.of({"a": array, "t": tensor}, {})
    array += 1
    tensor += 1
    assert not frozen.arrays["a"].any()
    assert not frozen.arrays["t"].any()


# --- views --------------------------------------------------------------------


def test_a_view_keeps_the_order_in_which_things_are_wanted(make_engine):
    """Its jobs are in the order of its specs."""
    specs = [quick() for _ in range(4)]
    with make_engine().watch("s", specs) as view:
        ended(*view.jobs)
    assert [job.spec for job in view.jobs] == specs
    assert view.done


def test_a_superseded_view_is_closed_at_the_next_step(make_engine):
    """Not a step more: what runs is closed, what waits never begins."""
    one, running, waiting, log = make_engine(), Held(steps=5), Held(), []
    old = one.watch("s", [running.spec, waiting.spec])
    assert running.inside.wait(PATIENCE)
    new = one.watch("s", [quick(log)])
    running.let()
    ended(*old.jobs, *new.jobs)
    assert [job.state for job in old.jobs] == [State.CANCELLED] * 2
    assert [job.state for job in new.jobs] == [State.DONE]
    assert (running.runs, running.done) == (1, 0)
    assert waiting.runs == 0


def test_what_the_new_view_shares_with_the_old_goes_on(make_engine):
    """The same job, not begun anew."""
    one, shared, dropped = make_engine(), Held(steps=2), Held()
    old = one.watch("s", [shared.spec, dropped.spec])
    assert shared.inside.wait(PATIENCE)
    added = quick()
    new = one.watch("s", [added, shared.spec])
    assert new.jobs[1] is old.jobs[0]
    shared.let_all()
    ended(*old.jobs, *new.jobs)
    assert [job.state for job in new.jobs] == [State.DONE] * 2
    assert shared.runs == 1
    assert old.jobs[1].state is State.CANCELLED


def test_what_another_session_watches_goes_on(make_engine):
    """Stopping is one's own affair."""
    one, shared = make_engine(), Held(steps=3)
    mine, theirs = one.watch("mine", [shared.spec]), one.watch("theirs", [shared.spec])
    assert shared.inside.wait(PATIENCE)
    one.stop("mine")
    shared.let_all()
    ended(*mine.jobs)
    assert theirs.jobs[0].state is State.DONE
    assert shared.done == 3


def test_stop_closes_at_the_next_step(make_engine):
    """The finally blocks run, in the worker's thread; the next job runs."""
    one, running = make_engine(), Held(steps=5)
    view = one.watch("s", [running.spec])
    assert running.inside.wait(PATIENCE)
    one.stop("s")
    running.let()
    ended(*view.jobs)
    assert view.jobs[0].state is State.CANCELLED
    assert running.done == 0
    assert running.closed_in not in (None, threading.current_thread().name)
    assert one.run(quick()).facts["value"] == 1


def test_a_cancelled_computation_can_be_asked_for_again(make_engine):
    """It begins anew, and is not known as cancelled."""
    one, held = make_engine(), Held()
    view = one.watch("s", [held.spec])
    assert held.inside.wait(PATIENCE)
    one.stop("s")
    held.let_all()
    ended(*view.jobs)
    assert one.run(held.spec).facts["value"] == 1
    assert held.runs == 2


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


def test_a_job_that_was_submitted_is_nobodys_to_stop(make_engine):
    """Without a watcher it runs to its end, whoever else watched it."""
    one, held = make_engine(), Held(steps=2)
    job = one.submit(held.spec)
    one.watch("s", [held.spec])
    one.stop("s")
    held.let_all()
    ended(job)
    assert job.state is State.DONE


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


# --- updates, progress --------------------------------------------------------


def test_updates_are_conflated_and_end(make_engine):
    """However many steps there are, no more than one a timeout; the last shows the end."""
    one, held = make_engine(), Held(steps=400)
    held.let_all()
    started, seen = time.monotonic(), []
    with one.watch("s", [held.spec, quick()]) as view:
        seen += [view.done for _ in view.updates(timeout=0.05)]
    elapsed = time.monotonic() - started
    assert seen[-1] is True
    assert seen.count(True) == 1 or len(seen) <= 2
    assert len(seen) <= elapsed / 0.05 + 2


def test_updates_of_what_is_known_are_a_single_one(make_engine):
    """Painted once."""
    one, spec = make_engine(), quick()
    one.run(spec)
    with one.watch("s", [spec]) as view:
        assert len(list(view.updates())) == 1


def test_updates_come_while_nothing_changes(make_engine):
    """A page can look at the clock, and be stopped."""
    one, held = make_engine(), Held()
    with one.watch("s", [held.spec]) as view:
        seen = list(itertools.islice(view.updates(timeout=0.01), 3))
        held.let_all()
        ended(*view.jobs)
    assert len(seen) == 3


def test_progress_and_preview_are_shown(make_engine):
    """Stage, steps done, steps in all; a float32 copy of the picture; gone at the end."""
    go, inside = threading.Event(), threading.Event()
    picture = torch.full((3, 2, 2), 0.25, dtype=torch.float64)

    def body(_results):
        yield Call(lambda _: None, Progress("first", 0, None))
        yield Call(lambda _: (inside.set(), go.wait(PATIENCE)), Progress("second", 3, 7, picture))
        return result()

    job = make_engine().submit(Toy(f"shown-{next(names)}", body))
    assert job.progress is None or job.progress[0] in ("first", "second")
    assert inside.wait(PATIENCE)
    assert job.progress == ("second", 3, 7)
    assert job.preview.dtype == np.float32
    picture.zero_()
    assert (job.preview == 0.25).all(), "a copy"
    go.set()
    ended(job)
    assert job.preview is None


def test_positions_count_the_jobs_before(make_engine):
    """0 is next."""
    one, held = make_engine(), Held()
    blocked = one.submit(held.spec, "a")
    assert held.inside.wait(PATIENCE)
    waiting = [one.submit(quick(), session) for session in ("b", "c", "d")]
    assert one.open_jobs() == (blocked, *waiting)
    assert [job.state for job in waiting] == [State.WAITING] * 3
    assert [job.position for job in waiting] == [1, 2, 3]
    held.let_all()
    ended(*waiting)
    assert one.open_jobs() == ()


# --- prerequisites ------------------------------------------------------------


def test_prerequisites_are_computed_first_and_handed_over(make_engine):
    """In order, whatever the depth."""
    deepest = quick(value=1.0)
    middle = quick(value=10.0, needs=(deepest,))
    found = make_engine().run(quick(value=100.0, needs=(middle, deepest)))
    assert found.facts["value"] == 100 + (10 + 1) + 1


def test_a_prerequisite_that_many_share_is_computed_once(make_engine):
    """A picture's attack, and three maps of it."""
    one, attack = make_engine(), Held()
    jobs = [one.submit(quick(needs=(attack.spec,))) for _ in range(3)]
    assert all(job.state is State.WAITING for job in jobs)
    attack.let_all()
    ended(*jobs)
    assert attack.runs == 1
    assert [job.result.facts["value"] for job in jobs] == [2.0] * 3


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


def test_a_failed_prerequisite_fails_what_needs_it(make_engine):
    """With its sentence, and without a run."""

    def fails(_results):
        raise InvalidInputError("the attack cannot start")
        yield

    one, log = make_engine(), []
    attack = Toy(f"fails-{next(names)}", fails)
    job = one.submit(quick(log, needs=(attack,)))
    ended(job)
    assert job.state is State.FAILED
    assert job.error == "the attack cannot start"
    assert log == []


def test_stopping_closes_prerequisites_that_nobody_else_wants(make_engine):
    """At the next step, as what needed them."""
    one, attack = make_engine(), Held(steps=5)
    view = one.watch("s", [quick(needs=(attack.spec,))])
    assert attack.inside.wait(PATIENCE)
    one.stop("s")
    attack.let()
    until(lambda: one.open_jobs() == ())
    assert view.jobs[0].state is State.CANCELLED
    assert attack.closed_in is not None
    assert attack.done == 0


def test_stopping_leaves_prerequisites_that_others_want(make_engine):
    """Another session watches it, or it was submitted for itself."""
    one, watched, submitted = make_engine(), Held(steps=2), Held(steps=2)
    job = one.submit(submitted.spec)
    theirs = one.watch("theirs", [watched.spec])
    mine = one.watch("mine", [quick(needs=(watched.spec,)), quick(needs=(submitted.spec,))])
    assert submitted.inside.wait(PATIENCE)
    one.stop("mine")
    submitted.let_all()
    watched.let_all()
    ended(job, *theirs.jobs, *mine.jobs)
    assert job.state is State.DONE
    assert theirs.jobs[0].state is State.DONE
    assert {j.state for j in mine.jobs} == {State.CANCELLED}


# --- failures -----------------------------------------------------------------


def failing(error: BaseException, steps: int = 1, **words: Any) -> Toy:
    """Make a spec that fails after some steps."""

    def body(_results: Sequence[Result]) -> Generator[Any, Any, Result]:
        for _ in range(steps):
            yield Call(lambda _: None)
        raise error

    return Toy(f"failing-{next(names)}", body, **words)


@pytest.mark.parametrize("steps", [0, 2])
def test_a_failure_that_is_meant_for_people_is_shown_as_it_stands(make_engine, steps):
    """One job fails, with one sentence, and the next job runs."""
    one = make_engine()
    job = one.submit(failing(InvalidInputError("eps must be >= 0, got -1"), steps))
    ended(job)
    assert (job.state, job.error, job.result) == (State.FAILED, "eps must be >= 0, got -1", None)
    assert one.run(quick()).facts["value"] == 1


@pytest.mark.parametrize("error", [RuntimeError("shape\n  mismatch\n"), MemoryError(), KeyError(3)])
def test_any_other_failure_is_one_line_too(make_engine, error, caplog):
    """Its traceback is for the log."""
    one = make_engine()
    job = one.submit(failing(error))
    ended(job)
    assert job.state is State.FAILED
    assert "\n" not in job.error
    assert type(error).__name__ in job.error
    assert "Traceback" not in job.error
    assert any(record.exc_info for record in caplog.records)
    assert one.run(quick()).facts["value"] == 1


def test_a_failing_answer_fails_one_job_and_closes_its_procedure(make_engine):
    """The network fails, not the procedure: its finally blocks run all the same."""
    log: list[str] = []

    def body(_results):
        try:
            yield Call(lambda _: 1 / 0)
        finally:
            log.append("closed")

    one = make_engine()
    job = one.submit(Toy(f"divides-{next(names)}", body))
    ended(job)
    assert job.state is State.FAILED
    assert "ZeroDivisionError" in job.error
    assert log == ["closed"]
    assert one.run(quick()).facts["value"] == 1


def test_a_failing_model_load_fails_one_job(make_engine):
    """With its sentence; other models answer."""
    one = make_engine()
    broken, fine = one.submit(quick(model=BROKEN)), one.submit(quick())
    ended(broken, fine)
    assert (broken.state, fine.state) == (State.FAILED, State.DONE)
    assert broken.error == "the weights are damaged; reinstall advviz"


def test_a_spec_of_something_that_does_not_exist_fails_at_once(make_engine):
    """A real one: no such model; no such picture."""
    one = make_engine()
    for spec in (
        PredictSpec(model="no-such-model", image="sample:chelsea"),
        PredictSpec(model=MODEL, image="sample:no-such-picture"),
    ):
        job = one.submit(spec)
        assert job.state is State.FAILED
        assert "no-such" in job.error
        assert "\n" not in job.error
        with pytest.raises(AdvvizError, match="no-such"):
            one.run(spec)


def test_a_procedure_that_fails_when_closed_takes_nobody_with_it(make_engine):
    """It is closed, the engine lives."""
    inside, go = threading.Event(), threading.Event()

    def body(_results):
        try:
            yield Call(lambda _: (inside.set(), go.wait(PATIENCE)))
            yield Call(lambda _: None)
            return result()
        finally:
            raise RuntimeError("while tidying up")

    one = make_engine()
    view = one.watch("s", [Toy(f"untidy-{next(names)}", body)])
    assert inside.wait(PATIENCE)
    one.stop("s")
    go.set()
    ended(*view.jobs)
    assert view.jobs[0].state is State.CANCELLED
    assert one.run(quick()).facts["value"] == 1


def test_run_raises_what_people_may_read(make_engine):
    """For scripts and the command line."""
    with pytest.raises(AdvvizError, match=r"^no goldfish$"):
        make_engine().run(failing(InvalidInputError("no goldfish")))


def test_a_failed_computation_is_not_kept(make_engine):
    """Asked for again, it is tried again."""
    one, log = make_engine(), []

    def body(_results):
        log.append("begun")
        if len(log) == 1:
            raise InvalidInputError("not this time")
        yield Call(lambda _: None)
        return result(5.0)

    spec = Toy(f"second-{next(names)}", body)
    with pytest.raises(AdvvizError, match="not this time"):
        one.run(spec)
    assert one.run(spec).facts["value"] == 5


# --- order --------------------------------------------------------------------


def blocked_queue(one: Engine) -> Held:
    """Hold the worker, so that what is submitted next is all there when it looks."""
    held = Held()
    one.submit(held.spec, "blocker")
    assert held.inside.wait(PATIENCE)
    return held


def test_first_come_first_served(make_engine):
    """Among sessions that want one thing each."""
    one, log = make_engine(), []
    blocker = blocked_queue(one)
    specs = [quick(log) for _ in range(6)]
    jobs = [one.submit(spec, f"session {i}") for i, spec in enumerate(specs)]
    blocker.let_all()
    ended(*jobs)
    assert log == [spec.name for spec in specs]


def test_the_first_of_every_session_comes_before_the_second_of_any(make_engine):
    """One who wants ten things does not make the others wait for ten."""
    one, log = make_engine(), []
    blocker = blocked_queue(one)
    many = [quick(log) for _ in range(3)]
    few = quick(log)
    jobs = [one.submit(spec, "greedy") for spec in many] + [one.submit(few, "modest")]
    blocker.let_all()
    ended(*jobs)
    assert log == [many[0].name, few.name, many[1].name, many[2].name]


def test_a_newcomer_does_not_overtake_those_who_have_waited(make_engine):
    """Its first comes with the others' present turn, its second with their next."""
    one, log = make_engine(), []
    first, second, third = Held(), Held(), quick(log)
    jobs = [one.submit(spec, "early") for spec in (first.spec, second.spec, third)]
    first.let_all()
    assert second.inside.wait(PATIENCE)
    late = [quick(log) for _ in range(2)]
    jobs += [one.submit(spec, "late") for spec in late]
    second.let_all()
    ended(*jobs)
    assert log == [late[0].name, third.name, late[1].name]


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


# --- memory -------------------------------------------------------------------


def test_the_cache_is_bounded_by_bytes_and_forgets_the_least_recently_used():
    """Looking is using."""
    cache = MemoryCache(limit=80 * 3)
    for name in "abc":
        cache.put(name, result(size=10))
    assert cache.get("a") is not None
    cache.put("d", result(size=10))
    assert [name for name in "abcd" if cache.get(name)] == ["a", "c", "d"]
    assert cache.nbytes == 240
    cache.put("e", result(size=15))
    assert [name for name in "acde" if cache.get(name)] == ["d", "e"]
    assert cache.nbytes == 200
    assert len(cache) == 2


def test_a_result_over_the_limit_is_not_kept_and_drives_nobody_out():
    """The others stay."""
    cache = MemoryCache(limit=100)
    cache.put("small", result(size=10))
    cache.put("large", result(size=100))
    assert cache.get("large") is None
    assert cache.get("small") is not None
    assert cache.nbytes == 80


def test_replacing_a_result_counts_its_bytes_once():
    """The same key again."""
    cache = MemoryCache(limit=1000)
    for size in (10, 20, 5):
        cache.put("a", result(size=size))
        assert cache.nbytes == 8 * size
    assert len(cache) == 1


def test_the_engine_forgets_and_computes_again(make_engine):
    """Results are bounded; those who have one keep it."""
    one, log = make_engine(cache_bytes=8), []
    first, second = quick(log), quick(log)
    kept = one.run(first)
    one.run(second)
    assert one.peek(first) is None
    again = one.run(first)
    assert len(log) == 3
    assert again is not kept
    np.testing.assert_array_equal(again.arrays["x"], kept.arrays["x"])


# --- reproducibility ----------------------------------------------------------


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
    monkeypatch.setattr(engine_module, "QUANTUM", 0.0)  # one step a turn
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


# --- beginning and end --------------------------------------------------------


def test_closing_the_engine_cancels_what_is_open(make_engine):
    """And closes its procedures; the worker ends."""
    one, held, waiting = make_engine(), Held(steps=3), Held()
    jobs = [one.submit(held.spec), one.submit(waiting.spec)]
    assert held.inside.wait(PATIENCE)
    closer = threading.Thread(target=one.close)
    closer.start()
    held.let_all()
    closer.join(PATIENCE)
    assert not closer.is_alive()
    assert [job.state for job in jobs] == [State.CANCELLED] * 2
    assert held.closed_in is not None
    assert waiting.runs == 0


def test_a_closed_engine_says_so(make_engine):
    """Nobody waits for ever."""
    one = make_engine()
    one.run(quick())
    one.close()
    with pytest.raises(AdvvizError, match="closed"):
        one.run(quick())


def test_a_store_that_cannot_prepare_does_not_hang_the_engine(make_engine):
    """The jobs that need what is missing say so; others run."""

    class Unprepared(Store):
        def prepare(self):
            raise ImportError("no torch here")

    assert make_engine(Unprepared()).run(quick()).facts["value"] == 1


def test_there_is_one_engine_a_process():
    """Asking for it starts no thread."""
    before = threading.active_count()
    assert engine() is engine()
    assert threading.active_count() == before


def test_pages_can_be_written_without_torch():
    """Importing engine, specs, links and all beside them loads no torch."""
    program = """
import importlib, pkgutil, sys
import advviz.compute, advviz.experiments
for package in (advviz.compute, advviz.experiments):
    for module in pkgutil.iter_modules(package.__path__):
        if module.name != "procedures":  # the one that computes
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
