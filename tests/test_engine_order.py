"""Whom an engine serves first."""

from engine_toys import PATIENCE, Held, blocked_queue, ended, quick


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
