"""An engine computes first what an experiment starts from."""

from engine_toys import PATIENCE, Held, Toy, ended, names, quick, until

from advviz.compute import State
from advviz.errors import InvalidInputError


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
