"""Estimates come from what was measured, in the order of the queue; else there is none."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from advviz.compute.forecast import EVERY, Expected, Forecast, foresee
from advviz.compute.job import Job, State
from advviz.compute.queue import SHORT
from advviz.compute.timings import KEPT, SORTS, Timings, amount
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec, ExplainSpec, VisualizeSpec
from advviz.ui import running, state, words

MODEL = "tiny14-standard"
IMAGE = "sample:chelsea"


@dataclass(frozen=True)
class Toy:
    """A spec of a kind; nothing runs it."""

    kind: str = "toy"
    version: ClassVar[int] = 1
    model: str = MODEL
    numerics: str = "reference"
    steps: int = 1

    def prerequisites(self) -> tuple[Any, ...]:
        return ()

    def resolved(self) -> dict[str, Any]:
        return {}

    def procedure(self, _results: Sequence[Result]) -> Generator[Any, Any, Result]:
        raise NotImplementedError


def job(name: str = "job", kind: str = "toy", **words: Any) -> Job:
    return Job(Toy(kind), name, **words)


def took(seconds: float, *, count: int = 1, **words: Any) -> Timings:
    """Timings that know what `count` jobs of a kind took."""
    timings = Timings()
    for _ in range(count):
        timings.learn(job(seconds=seconds, **words))
    return timings


def learnt(**seconds: float) -> Timings:
    """Timings that know one job of each kind."""
    timings = Timings()
    for kind, value in seconds.items():
        timings.learn(job(kind=kind, seconds=value))
    return timings


# --- what a job still needs -----------------------------------------------------


def test_nothing_is_said_of_what_is_not_known():
    timings = took(3.0)
    assert Timings().left(job()) is None
    for other in (Toy("other"), Toy(model="tiny14-robust-l2"), Toy(numerics="fast")):
        assert timings.left(Job(other, "k")) is None
    assert timings.left(job()) == 3.0


def test_seconds_already_spent_count():
    assert took(3.0).left(job(seconds=1.25)) == pytest.approx(1.75)


def test_a_job_that_has_outlasted_all_that_are_known_has_no_estimate():
    assert took(3.0).left(job(seconds=3.5)) is None


def test_one_that_took_very_long_moves_the_estimate_little():
    timings = took(1.0, count=6)
    timings.learn(job(seconds=100.0))
    assert timings.left(job()) == 1.0
    assert timings.left(job(seconds=2.0)) == pytest.approx(98.0)


def test_an_attack_of_more_steps_is_expected_to_take_longer():
    def attack(**values: Any) -> Job:
        return Job(AttackSpec(model=MODEL, image=IMAGE, **values), "k")

    timings, done = Timings(), attack(steps=20)
    done.seconds = 0.5
    timings.learn(done)
    assert timings.left(attack(steps=100)) == pytest.approx(2.5)
    assert timings.left(attack(steps=20, restarts=3)) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("spec", "steps"),
    [
        (ExplainSpec(model=MODEL, image=IMAGE, explained="cat", samples=50), 1),
        (
            ExplainSpec(model=MODEL, image=IMAGE, explained="cat", samples=50, method="smoothgrad"),
            50,
        ),
        (ExplainSpec(model=MODEL, image=IMAGE, method="rise", options="masks=80"), 80),
        (ExplainSpec(model=MODEL, image=IMAGE, method="input-x-gradient"), 1),
        (VisualizeSpec(model=MODEL, unit="class:cat", steps=70), 70),
    ],
)
def test_the_amount_of_work_is_what_the_spec_asks_for(spec: Any, steps: int):
    assert amount(spec) == steps


def test_maps_by_different_methods_are_not_taken_for_each_other():
    timings = Timings()
    plain = ExplainSpec(model=MODEL, image=IMAGE, explained="cat")
    smooth = ExplainSpec(model=MODEL, image=IMAGE, explained="cat", method="smoothgrad")
    timings.learn(Job(plain, "k", seconds=0.1))
    assert timings.left(Job(smooth, "k")) is None


def test_what_loading_a_model_took_is_not_learnt():
    """Ten steps, the first of which loaded: 5 s, then nine of 0.2 s; the next takes 2 s."""
    assert took(6.8, first=5.0, steps=10).left(job()) == pytest.approx(2.0)


def test_a_jobs_own_pace_is_believed_more_the_further_it_has_come():
    """Like jobs took 10 s; this one makes a step a second, of 40."""
    timings = took(10.0)
    early = job(progress=("x", 2, 40), seconds=2.0, first=1.0, steps=2)
    late = job(progress=("x", 38, 40), seconds=38.0, first=1.0, steps=38)
    assert timings.left(early) == pytest.approx(0.05 * 38 + 0.95 * 8)
    assert timings.left(late) == pytest.approx(2.0)


def test_a_job_that_nobody_has_measured_goes_by_its_own_pace():
    """Its first answer, which took 5 s, sets no pace; the other nine took 0.5 s each."""
    mine = job(progress=("x", 10, 30), seconds=9.5, first=5.0, steps=10)
    assert Timings().left(mine) == pytest.approx(10.0)


@pytest.mark.parametrize(
    "words",
    [
        {"progress": ("x", 0, 30), "seconds": 1.0, "first": 1.0, "steps": 1},
        {"progress": ("x", 1, 30), "seconds": 1.0, "first": 1.0, "steps": 1},
        {"progress": ("x", 5, None), "seconds": 3.0, "first": 1.0, "steps": 5},
        {"progress": None, "seconds": 3.0, "first": 1.0, "steps": 5},
    ],
)
def test_a_pace_needs_two_answers_and_a_total(words: dict[str, Any]):
    assert Timings().left(job(**words)) is None


def test_one_restart_of_several_is_not_taken_for_the_whole():
    spec = AttackSpec(model=MODEL, image=IMAGE, steps=20, restarts=5)
    mine = Job(spec, "k", progress=("start 1 of 5", 19, 20), seconds=2.0, first=0.1, steps=19)
    assert Timings().left(mine) is None


def test_what_is_remembered_is_bounded():
    timings = took(9.0)
    for _ in range(KEPT):
        timings.learn(job(seconds=1.0))
    assert timings.left(job()) == 1.0
    assert timings.left(job(seconds=5.0)) is None, "the 9 s are forgotten"
    for number in range(SORTS):
        timings.learn(job(kind=f"other {number}", seconds=1.0))
    assert timings.left(job()) is None
    assert timings.left(job(kind="other 0")) == 1.0


# --- when it is served ----------------------------------------------------------


def test_the_wait_is_the_sum_of_what_is_before():
    jobs = [job(name) for name in "abc"]
    found = foresee(jobs, took(1.5))
    assert found == {"a": Expected(0.0, 1.5), "b": Expected(1.5, 3.0), "c": Expected(3.0, 4.5)}


def test_the_order_is_that_of_the_turns_not_that_of_the_list():
    second, first = job("second of any", turn=1), job("first of every", turn=0)
    found = foresee([second, first], took(1.0))
    assert found["first of every"] == Expected(0.0, 1.0)
    assert found["second of any"] == Expected(1.0, 2.0)


def test_a_long_job_is_waited_for_no_longer_than_until_it_steps_back():
    """Ten seconds, half a one spent: a newer short job waits 1.5 s; the long one ends last."""
    long, short = job("long", "long", seconds=0.5), job("short", "short")
    found = foresee([long, short], learnt(long=10.0, short=1.0))
    assert found["short"] == Expected(SHORT - 0.5, SHORT - 0.5 + 1.0)
    assert found["long"] == Expected(0.0, 10.5)


def test_two_long_jobs_are_finished_one_after_the_other():
    found = foresee([job("a"), job("b")], took(5.0))
    assert found["a"] == Expected(0.0, 2 + 2 + 3)
    assert found["b"] == Expected(2.0, 2 + 2 + 3 + 3)


def test_work_in_the_background_delays_nobody():
    behind, wanted = job("behind", background=True), job("wanted")
    found = foresee([behind, wanted], took(1.0))
    assert found["wanted"] == Expected(0.0, 1.0)
    assert found["behind"] == Expected(1.0, 2.0)


def test_after_a_job_of_which_nothing_is_known_nothing_is():
    found = foresee([job("a"), job("?", "unknown"), job("c")], took(1.0))
    assert found["a"] == Expected(0.0, 1.0)
    assert found["?"] == Expected(1.0, None)
    assert found["c"] == Expected(None, None)


def test_who_needs_a_result_waits_for_it_and_for_what_is_before_it():
    """The map of a long attack: a newer attack comes first, although the map does, in order."""
    attack = job("attack", "long", seconds=3.0)
    other, drawn = job("other", "short"), job("map", "short", needs=(attack,))
    drawn.arrival, other.arrival = other.arrival, drawn.arrival
    found = foresee([attack, drawn, other], learnt(long=10.0, short=1.0))
    assert found["other"] == Expected(0.0, 1.0)
    assert found["attack"] == Expected(1.0, 8.0)
    assert found["map"] == Expected(8.0, 9.0)


def test_a_prerequisite_that_is_there_is_not_waited_for():
    there = job("there", state=State.DONE)
    assert foresee([job("map", needs=(there,))], took(1.0)) == {"map": Expected(0.0, 1.0)}


def test_no_job_has_no_forecast():
    assert foresee([], Timings()) == {}


def test_a_forecast_serves_everybody_for_half_a_second():
    now, asked, jobs = [0.0], [], [job("a"), job("b")]

    def open_jobs() -> list[Job]:
        asked.append(now[0])
        return jobs

    forecast = Forecast(took(1.0), open_jobs, clock=lambda: now[0])
    for _ in range(50):
        assert forecast.of(jobs[1]) == Expected(1.0, 2.0)
    assert asked == [0.0]
    gone = jobs.pop(0)
    now[0] += EVERY
    assert forecast.of(jobs[0]) == Expected(0.0, 1.0)
    assert forecast.of(gone) == Expected(None, None)
    assert asked == [0.0, EVERY]


# --- what is said of it -----------------------------------------------------------


class Knowing:
    """An engine that expects the same of every job."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected

    def expected(self, _job: Job) -> Expected:
        return self._expected


@pytest.mark.parametrize(
    ("words", "start", "end", "told"),
    [
        ({"position": 3}, 12.2, None, "waiting, 3 before it, about 12 s"),
        ({"position": 3}, None, None, "waiting, 3 before it"),
        ({"position": 0}, 4.0, None, "next, about 4 s"),
        ({"position": 0}, 0.2, None, "next"),
        ({"state": State.RUNNING}, 0.0, 9.0, "starting"),
        (
            {"state": State.RUNNING, "progress": ("attack", 12, 20)},
            0.0,
            4.1,
            "attack: step 12 of 20, about 4 s left",
        ),
        (
            {"state": State.RUNNING, "progress": ("attack", 12, 20)},
            0.0,
            None,
            "attack: step 12 of 20",
        ),
        (
            {"state": State.RUNNING, "progress": ("attack", 19, 20)},
            0.0,
            0.3,
            "attack: step 19 of 20",
        ),
    ],
)
def test_a_page_says_the_position_and_the_estimate(
    monkeypatch: pytest.MonkeyPatch,
    words: dict[str, Any],
    start: float | None,
    end: float | None,
    told: str,
):
    monkeypatch.setattr(state, "engine", lambda: Knowing(Expected(start, end)))
    assert running._seen(job(**words)).words == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.3, "less than 1 s"),
        (1.4, "1 s"),
        (19.4, "19 s"),
        (47.0, "45 s"),
        (89.0, "90 s"),
        (180.0, "3 min"),
        (7300.0, "2 h"),
    ],
)
def test_a_length_of_time_is_said_as_exactly_as_it_is_known(seconds: float, told: str):
    assert words.duration(seconds) == told
