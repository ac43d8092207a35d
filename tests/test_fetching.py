"""Downloads for everybody: one at a time, each once, stopped only by whoever started it."""

import threading
from functools import partial

import pytest
from fake_hub import COMMIT, DATA, NAME, REPOSITORY, SHA256, Plan, served_hub

from advviz.compute.fetching import Fetcher, fetcher
from advviz.compute.job import State
from advviz.errors import WeightsError
from advviz.models.downloads import HubFile, fetch_hub, is_here

PATIENCE = 60.0  # seconds after which a download that should have ended is a failure
FILE = HubFile(REPOSITORY, COMMIT, NAME, SHA256, len(DATA))
SLOW = Plan(chunk=30_000, waits=0.02)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    with served_hub(tmp_path, monkeypatch) as fake:
        yield fake


@pytest.fixture
def fetches():
    made = Fetcher()
    yield made
    made.close()


class Gate:
    """Work that begins, waits to be let go, and reports as it does."""

    def __init__(self):
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, report):
        self.begun.set()
        while not self.go.wait(0.005):
            report(1, 2)
        return "done"


def test_a_download_is_made_once_for_all_who_want_it_and_they_see_it_move(fetches, hub):
    hub.always = SLOW
    work = partial(fetch_hub, FILE)
    fetch = fetches.start(FILE.key, work, "a")
    assert fetches.start(FILE.key, work, "b") is fetch
    assert fetches.look(FILE.key) is fetch
    assert fetches.wait(fetch, PATIENCE)
    assert fetch.state is State.DONE
    assert fetch.result == is_here(FILE)
    assert fetch.progress == (len(DATA), len(DATA))
    assert fetch.share == 1.0
    assert len(hub.gets) == 1


def test_only_the_session_that_started_a_download_stops_it(fetches, hub):
    hub.always = SLOW
    moved = threading.Event()

    def work(report):
        def watched(done, total):
            if done > 100_000:
                moved.set()
            report(done, total)

        return fetch_hub(FILE, watched)

    fetch = fetches.start(FILE.key, work, "a")
    assert moved.wait(PATIENCE)
    assert not fetches.cancel(FILE.key, "b")
    assert not fetch.stopping
    assert fetches.cancel(FILE.key, "a")
    assert fetches.wait(fetch, PATIENCE)
    assert fetch.state is State.CANCELLED
    assert fetch.error is None
    assert 0 < fetch.share < 1
    assert is_here(FILE) is None
    assert not fetches.cancel(FILE.key, "a")  # there is none any more
    hub.always = None
    again = fetches.start(FILE.key, partial(fetch_hub, FILE), "b")
    assert again is not fetch
    assert fetches.wait(again, PATIENCE)
    assert again.result.read_bytes() == DATA
    assert hub.gets[-1].range is not None  # what the first one had brought stayed


def test_downloads_are_made_one_at_a_time_in_the_order_they_came(fetches):
    gates = {name: Gate() for name in "abc"}
    found = {name: fetches.start(name, gate, name) for name, gate in gates.items()}
    assert gates["a"].begun.wait(PATIENCE)
    assert [found[name].state for name in "abc"] == [State.RUNNING, *[State.WAITING] * 2]
    assert [found[name].position for name in "bc"] == [0, 1]
    assert fetches.cancel("b", "b")  # one that waits ends at once
    assert found["b"].state is State.CANCELLED
    assert found["c"].position == 0
    assert not gates["c"].begun.is_set()
    for gate in gates.values():
        gate.go.set()
    assert fetches.wait(found["c"], PATIENCE)
    assert [found[name].state for name in "abc"] == [State.DONE, State.CANCELLED, State.DONE]
    assert not gates["b"].begun.is_set()
    assert fetches.all() == tuple(found.values())


def test_a_failure_is_one_sentence_that_stays_until_it_is_dismissed(fetches, hub):
    hub.heads.append(404)
    fetch = fetches.start(FILE.key, partial(fetch_hub, FILE), "a")
    assert fetches.wait(fetch, PATIENCE)
    assert fetch.state is State.FAILED
    assert "has no such file (HTTP 404)" in fetch.error
    assert fetches.look(FILE.key) is fetch
    fetches.dismiss(FILE.key)
    assert fetches.look(FILE.key) is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (WeightsError("it is damaged"), "it is damaged"),
        (
            ZeroDivisionError("by zero\nand more"),
            "the download failed (ZeroDivisionError: by zero)",
        ),
    ],
)
def test_one_that_fails_takes_no_other_with_it(fetches, error, said):
    def fails(_report):
        raise error

    first = fetches.start("a", fails, "a")
    second = fetches.start("b", lambda _report: 1, "b")
    assert fetches.wait(second, PATIENCE)
    assert (first.state, first.error) == (State.FAILED, said)
    assert (second.state, second.result) == (State.DONE, 1)


def test_an_open_download_cannot_be_dismissed(fetches):
    gate = Gate()
    fetch = fetches.start("a", gate, "a")
    assert gate.begun.wait(PATIENCE)
    fetches.dismiss("a")
    assert fetches.look("a") is fetch
    gate.go.set()
    assert fetches.wait(fetch, PATIENCE)


def test_closing_ends_everything_and_nothing_starts_afterwards():
    fetches, gate = Fetcher(), Gate()
    running = fetches.start("a", gate, "a")
    waiting = fetches.start("b", Gate(), "a")
    assert gate.begun.wait(PATIENCE)
    fetches.close()
    late = fetches.start("c", Gate(), "a")
    assert {fetch.state for fetch in (running, waiting, late)} == {State.CANCELLED}


def test_the_process_has_one_fetcher():
    assert fetcher() is fetcher()
