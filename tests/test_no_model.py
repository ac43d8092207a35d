"""A spec that asks no network of the catalogue: it has a key, is run, told of, and stopped."""

import time

import numpy as np
import pytest
import torch
from engine_toys import Toy, ended, names, result, until
from toys import generator

from advviz.compute import Engine, State
from advviz.compute.keys import key_of
from advviz.data.digits import digits
from advviz.data.splits import split
from advviz.errors import InvalidInputError
from advviz.experiments.protocol import NO_MODEL
from advviz.labs.turns import answered_by, in_turns
from advviz.models.classifier import Classifier
from advviz.protocol import Call, Progress, Query


@pytest.fixture
def one():
    made = Engine(use_shipped=False)
    yield made
    made.close()


def lab(body):
    return Toy(f"lab-{next(names)}", body, model=NO_MODEL)


def test_what_asks_no_model_is_computed_and_its_calls_can_take_gradients(one):
    seen = []

    def train(module):
        seen.append((list(module.children()), torch.is_grad_enabled()))
        weight = torch.zeros(3, requires_grad=True)
        return torch.autograd.grad((weight * torch.arange(3.0)).sum(), weight)[0]

    def body(_results):
        gradient = yield Call(train, Progress("training", 0, 1))
        return result(float(gradient.sum()))

    spec = lab(body)
    assert one.run(spec).facts["value"] == 3
    assert one.run(spec).facts["numerics"] == "reference"
    assert seen == [([], True)]  # once: the second time it was known
    assert one.store.loaded() == ()


def test_a_query_without_a_model_is_refused_in_a_sentence(one):
    def body(_results):
        yield Query(torch.zeros(2, 1, 4, 4))

    job = one.submit(lab(body))
    ended(job)
    assert job.state is State.FAILED
    assert "needs a model" in job.error


def test_a_key_without_weights_depends_on_the_values_alone():
    first, second = lab(None), lab(None)
    assert key_of(first) == key_of(Toy(first.name, None, model=NO_MODEL))
    assert key_of(first) != key_of(second)
    assert key_of(first) != key_of(Toy(first.name, None))  # a model's weights are in its key


def test_work_is_done_in_turns_that_end_soon_and_tells_how_far_it_is(one):
    """As many steps a turn as fit: the numbers are the same as without turns."""

    def work():
        total = torch.zeros(())
        for step in range(20):
            time.sleep(0.01)
            total = total + step
            yield Progress("counting", step + 1, 20)
        return total

    def body(_results):
        total = yield from in_turns(work(), seconds=0.02)
        return result(float(total))

    procedure = body(())
    reply, told, found = None, [], None
    while found is None:
        try:
            call = procedure.send(reply)
        except StopIteration as finished:
            found = finished.value
        else:
            told.append(call.progress and call.progress.done)
            reply = call.function(None)
    assert found.facts["value"] == 190
    assert 1 < len(told) <= 21
    assert told[0] is None
    assert told[1:] == sorted(set(told[1:]))
    assert one.run(lab(body)).facts["value"] == 190


def test_work_ends_with_the_job_that_nobody_wants(one):
    log = []

    def work():
        try:
            while True:
                time.sleep(0.001)
                yield Progress("for ever", len(log))
        finally:
            log.append("closed")

    def body(_results):
        yield from in_turns(work())

    with one.watch("somebody", [lab(body)]) as view:
        until(lambda: view.jobs[0].steps > 1)
        one.stop("somebody")
        ended(view.jobs[0])
    assert view.jobs[0].state is State.CANCELLED
    assert log == ["closed"]


def test_a_procedure_can_be_put_to_a_network_of_ones_own(one):
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    images = torch.rand(3, 1, 2, 2, generator=generator(0))

    def ask():
        answer = yield Query(images, progress=Progress("asking", 0, 1))
        doubled = yield Call(lambda module: [2 * p for p in module.parameters()])
        return answer.logits, doubled

    def body(_results):
        logits, doubled = yield from answered_by(Classifier(network), ask())
        assert torch.equal(logits, network(images))
        assert torch.equal(doubled[0], 2 * network[1].weight)
        return result()

    assert one.run(lab(body)) is not None


def test_the_digits_are_pixels_with_labels_and_nobody_changes_them():
    known = digits()
    assert known.images.shape == (1797, 1, 8, 8)
    assert known.images.dtype == np.float32
    assert (known.images.min(), known.images.max()) == (0, 1)
    assert np.bincount(known.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    with pytest.raises(ValueError, match="read-only"):
        known.images[0] = 0


def test_a_split_takes_every_row_once_and_the_same_share_of_every_class():
    labels = digits().labels
    parts = digits().split()
    rows = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(rows) == list(range(len(labels)))
    for part, share in ((parts.train, 0.6), (parts.validation, 0.2), (parts.test, 0.2)):
        counts = np.bincount(labels[part])
        assert np.abs(counts - share * np.bincount(labels)).max() <= 1
    again, other = split(labels, 0), split(labels, 1)
    assert np.array_equal(parts.train, again.train)
    assert not np.array_equal(parts.train, other.train)


def test_a_class_that_is_too_small_to_be_split_is_refused():
    with pytest.raises(InvalidInputError, match="at least 3 images"):
        split(np.array([0, 0, 0, 1, 1]))
    whole = split(np.array([0, 0, 1, 1]), shares=(0.5, 0.5, 0.0))
    assert len(whole.test) == 0
    assert len(whole.train) == len(whole.validation) == 2
