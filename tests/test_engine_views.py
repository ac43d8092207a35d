"""An engine's views: what a session watches, stops and leaves, and what it sees meanwhile."""

import itertools
import threading
import time

import numpy as np
import torch
from engine_toys import PATIENCE, Held, Toy, ended, names, quick, result

from advviz.compute import State
from advviz.protocol import Call, Progress


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


def test_a_job_that_was_submitted_is_nobodys_to_stop(make_engine):
    """Without a watcher it runs to its end, whoever else watched it."""
    one, held = make_engine(), Held(steps=2)
    job = one.submit(held.spec)
    one.watch("s", [held.spec])
    one.stop("s")
    held.let_all()
    ended(job)
    assert job.state is State.DONE


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
    assert True not in seen[:-2], "it may end while the last but one is told"
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
