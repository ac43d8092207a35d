"""An engine: one computation for all who ask, results that last, a clean end."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from engine_toys import PATIENCE, Held, Store, ended, quick

from advviz.compute import State
from advviz.errors import AdvvizError


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
