"""A failed job takes nobody with it, and says in one sentence why."""

import threading

import pytest
from engine_toys import BROKEN, MODEL, PATIENCE, Toy, ended, failing, names, quick, result

from advviz.compute import State
from advviz.errors import AdvvizError, InvalidInputError
from advviz.experiments.specs import PredictSpec
from advviz.protocol import Call


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
