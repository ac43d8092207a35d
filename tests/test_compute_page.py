"""The Compute page: what it says of an engine, and what it never does."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.compute.counters import Counts, Throughput
from advviz.compute.status import EngineStatus, Kept, LoadedModel, Queued
from advviz.experiments import links, protocol
from advviz.experiments.specs import PredictSpec
from advviz.ui import compute, launcher, navigation, state
from advviz.ui import setup as setups

STATUS = EngineStatus(
    device="CPU: a processor, 2 threads",
    worker=True,
    models=(
        LoadedModel("tiny14-standard", "reference", 11_200_000),
        LoadedModel("a-model-that-left", "fast: bf16, folded", 5_000_000),
    ),
    queue=(Queued("attack", 1, 4, 0), Queued("evaluation", 0, 2, 2)),
    watching=3,
    counts=Counts(
        found=MappingProxyType({"memory": 60, "shipped": 8, "disk": 2}),
        missed=30,
        joined=20,
        computed=9,
        failed=1,
        cancelled=0,
        steps=12345,
        rows=23456,
        busy=130.0,
    ),
    throughput=Throughput(steps=41.6, rows=260.0, busy=0.75),
    memory=Kept(10, 3 * 2**20, 512 * 2**20),
    disk=Kept(99, 150 * 2**20, 2 * 2**30),
    process=1_500 * 2**20,
    uptime=3600.0,
)


class Shown:
    """An engine that is as it is told."""

    def __init__(self, status: EngineStatus) -> None:
        self._status, self.looks = status, 0

    def status(self) -> EngineStatus:
        self.looks += 1
        return self._status


@pytest.mark.parametrize(
    "told",
    [
        "CPU: a processor, 2 threads",
        "● working",
        "started 60 min ago",
        "6 waiting",
        "1 begun; 3 pages wait for results",
        "90%",
        "of 100 results that were asked for",
        "42 steps/s",
        "260 pictures/s; the worker was busy 75% of the time",
        "1.46 GiB",
        "<td>attack</td><td>1</td><td>4</td>",
        "<td>evaluation (2 in the background)</td><td>0</td><td>2</td>",
        "<td>Tiny14 standard</td><td>reference</td><td>10.7 MiB</td>",
        "<td>a-model-that-left</td><td>fast: bf16, folded</td>",
        "<td>Had to be computed</td><td>10</td>",
        "<td>In memory</td><td>10</td><td>3 MiB</td><td>512 MiB</td>",
        "<td>99</td><td>150 MiB</td><td>2 GiB</td>",
        "12,345 in 2 min of work",
    ],
)
def test_the_page_says_what_the_engine_says(told: str):
    assert told in compute.draw(STATUS)


@pytest.mark.parametrize(
    ("worker", "queue", "told"),
    [
        (None, (), "not started"),
        (True, (), "idle"),
        (True, (Queued("attack", 0, 1, 0),), "working"),
        (False, (), "must start advviz again"),
    ],
)
def test_it_says_whether_the_worker_works(
    worker: bool | None, queue: tuple[Queued, ...], told: str
):
    assert told in compute.worker_words(replace(STATUS, worker=worker, queue=queue))


def test_it_says_nothing_where_nothing_is_known():
    nothing = replace(STATUS.counts, missed=0, joined=0, found=MappingProxyType({}))
    bare = replace(STATUS, counts=nothing, process=None, disk=None, models=(), queue=())
    shown = compute.draw(replace(bare, counts=replace(nothing, found=STATUS.counts.found)))
    assert "On disk, for the next start" not in shown
    assert "None yet: a model is loaded when it is first asked" in shown
    assert "Nothing is being computed" in shown


def test_every_kind_of_experiment_has_a_name():
    computed = {kind for kind, spec in links.KINDS.items() if not issubclass(spec, links.Group)}
    assert computed <= set(compute.KINDS)


def test_words_from_elsewhere_are_escaped():
    evil = replace(STATUS, device="<b>x</b>", queue=(Queued("<i>y</i>", 1, 0, 0),))
    assert "<b>x</b>" not in compute.draw(evil)
    assert "<i>y</i>" not in compute.draw(evil)


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 bytes"), (999, "999 bytes"), (2048, "2 KiB"), (5 << 20, "5 MiB"), (3 << 30, "3 GiB")],
)
def test_bytes_are_said_in_a_unit_that_suits_them(count: int, told: str):
    assert compute.size(count) == told


def opened(monkeypatch: pytest.MonkeyPatch) -> tuple[AppTest, Shown]:
    engine = Shown(STATUS)
    monkeypatch.setattr(state, "engine", lambda: engine)
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=60)
    at.switch_page(str(resources.pages() / "compute.py"))
    return at.run(), engine


def test_nothing_can_be_cleared_or_changed_from_the_page(monkeypatch: pytest.MonkeyPatch):
    """It has no control at all, and it asks the engine for nothing but its status."""
    at, engine = opened(monkeypatch)
    assert not at.exception
    assert engine.looks == 1
    for control in ("button", "checkbox", "toggle", "selectbox", "text_input", "download_button"):
        assert not at.get(control)
    shown = " ".join(element.proto.body for element in at.get("html"))
    assert "Nobody can clear anything from this page" in shown
    assert "advviz cache clear" in shown


def test_it_looks_again_no_more_often_than_every_two_seconds():
    """A fragment's timer runs in every browser that has the page open."""
    assert compute.EVERY >= 2


def test_it_is_in_the_navigation_under_set_up():
    assert "compute.py" in [file for file, _, _ in navigation.SECTIONS["Set up"]]
    assert next(iter(navigation.SECTIONS)) == "", "the front page is reached without a menu"


# --- warming ----------------------------------------------------------------------


class Asked:
    """An engine that remembers what it was asked in the background."""

    def __init__(self) -> None:
        self.specs: list[protocol.Spec] = []

    def submit(self, spec: protocol.Spec, *, background: bool = False) -> object:
        assert background
        self.specs.append(spec)
        return type("Job", (), {"error": None})


def test_what_home_and_compare_open_with_is_warmed_in_the_background(
    monkeypatch: pytest.MonkeyPatch,
):
    """The models first, each once; then the board that a visitor without a link sees."""
    engine = Asked()
    monkeypatch.setattr(state, "engine", lambda: engine)
    monkeypatch.setattr(launcher, "WARM_AFTER", 0.0)
    launcher._warm(launcher.threading.Event())
    assert set(setups.default().board.specs()) <= set(engine.specs)
    assert len(set(engine.specs)) == len(engine.specs)
    assert isinstance(engine.specs[0], PredictSpec)


def test_a_server_that_is_stopped_at_once_warms_nothing(monkeypatch: pytest.MonkeyPatch):
    engine = Asked()
    monkeypatch.setattr(state, "engine", lambda: engine)
    stopped = launcher.threading.Event()
    stopped.set()
    launcher._warm(stopped)
    assert not engine.specs
