"""Where answers can be merged, short jobs about one model advance together."""

from collections.abc import Generator, Sequence
from typing import Any

import pytest
import torch
from engine_toys import Store, Toy, blocked_queue, ended, engines, names, quick, result, this_engine
from toys import convolutional, labels, pictures

from advviz.attacks.pgd import PGDParams, pgd
from advviz.compute import State
from advviz.compute.queue import SHORT
from advviz.experiments.result import Result
from advviz.models.merging import MergingClassifier
from advviz.noise import Noise
from advviz.objectives import towards
from advviz.protocol import Query, run
from advviz.threat_models import L2Ball

PARAMS = PGDParams(step_size=0.1, steps=6)


class MergingStore(Store):
    """Answers queries of many jobs together, and remembers how many rows shared a pass."""

    merges = True

    def __init__(self) -> None:
        network = convolutional()
        super().__init__(MergingClassifier(network, network, sizes=(1, 4, 16)))
        self.together: list[int] = []

    def respond_all(self, _model: str, requests: Sequence[Any], *_: Any) -> list[Any]:
        """Answer queries in shared passes."""
        self.together.append(len(requests))
        return self.network.answer_all(requests)


@pytest.fixture
def merging():
    """Make an engine that merges, and show its store."""
    store = MergingStore()
    with engines(this_engine) as make:
        yield make(store), store


def attack(seed: int, **words: Any) -> Toy:
    """Make a spec that attacks a picture of its own."""

    def body(_results: Sequence[Result]) -> Generator[Any, Any, Result]:
        found = yield from pgd(*question(seed), PARAMS, noise=Noise(seed))
        return Result.of({"x": found.images.numpy()}, {})

    return Toy(f"attack-{next(names)}", body, **words)


def question(seed: int) -> tuple[Any, ...]:
    return pictures(1, seed=seed), towards(labels(seed % 3)), L2Ball(0.5)


def answers_are_their_own(jobs: Sequence[Any]) -> None:
    for seed, job in enumerate(jobs):
        alone = run(pgd(*question(seed), PARAMS, noise=Noise(seed)), convolutional())
        torch.testing.assert_close(
            torch.from_numpy(job.result.arrays["x"].copy()), alone.images, rtol=0, atol=1e-10
        )


def test_short_jobs_share_passes_and_get_their_own_answers(merging):
    one, store = merging
    blocker = blocked_queue(one)
    jobs = [one.submit(attack(seed), f"student {seed}") for seed in range(5)]
    blocker.let_all()
    ended(*jobs)
    answers_are_their_own(jobs)
    assert max(store.together) >= 5, "all of them at once"


def test_a_question_that_cannot_be_answered_fails_its_job_alone(merging):
    one, _ = merging

    def body(_results: Sequence[Result]) -> Generator[Any, Any, Result]:
        yield Query(pictures(1), towards(labels(7)))
        return result()

    blocker = blocked_queue(one)
    wrong = one.submit(Toy("wrong", body), "student 9")
    jobs = [one.submit(attack(seed), f"student {seed}") for seed in range(3)]
    blocker.let_all()
    ended(wrong, *jobs)
    assert wrong.state is State.FAILED
    assert "classes must lie in [0, 3)" in wrong.error
    answers_are_their_own(jobs)


def test_jobs_in_other_arithmetic_advance_apart(merging):
    one, store = merging
    blocker = blocked_queue(one)
    jobs = [one.submit(attack(s, numerics=("reference", "fast")[s % 2]), f"{s}") for s in range(4)]
    blocker.let_all()
    ended(*jobs)
    answers_are_their_own(jobs)
    assert max(store.together) <= 3, "two of each, and the one that held the queue"


def test_a_long_job_advances_alone_behind_the_short_ones(merging):
    one, store = merging
    blocker = blocked_queue(one)
    long = one.submit(attack(0), "patient")
    long.seconds = SHORT + 1
    jobs = [one.submit(attack(seed), f"student {seed}") for seed in range(3)]
    blocker.let_all()
    ended(long, *jobs)
    answers_are_their_own([long, *jobs[1:]][:1])
    answers_are_their_own(jobs)
    assert max(store.together) <= 4


def test_on_a_cpu_nothing_is_merged(monkeypatch):
    store = MergingStore()
    monkeypatch.setattr(MergingStore, "merges", False)
    with engines(this_engine) as make:
        one = make(store)
        blocker = blocked_queue(one)
        jobs = [one.submit(attack(seed), f"student {seed}") for seed in range(3)]
        blocker.let_all()
        ended(*jobs)
    answers_are_their_own(jobs)
    assert store.together == []


def test_who_asks_for_nothing_but_the_module_may_share_a_crew(merging):
    one, _ = merging
    assert one.run(quick()).facts["value"] == 1.0


class Short(Store):
    """A store whose network cannot hold more than two rows."""

    def __init__(self) -> None:
        network = convolutional()
        forward = network.module.forward

        def stingy(images: torch.Tensor) -> torch.Tensor:
            if len(images) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return forward(images)

        network.module.forward = stingy
        super().__init__(network)


def test_a_degraded_result_is_marked_and_not_kept():
    """The pixels are the same but for rounding; the bytes may not be."""

    def body(_results: Sequence[Result]) -> Generator[Any, Any, Result]:
        answer = yield Query(pictures(5), gradient=False)
        return Result.of({"x": answer.logits.numpy()}, {})

    with engines(this_engine) as make:
        one, spec = make(Short()), Toy("short of memory", body)
        found = one.run(spec)
        assert found.facts["degraded"]
        assert one.peek(spec) is None, "it is not kept"
        whole = convolutional().module(pictures(5)).detach().numpy()
        assert abs(found.arrays["x"] - whole).max() < 1e-12
