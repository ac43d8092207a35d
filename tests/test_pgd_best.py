"""Which image an attack returns: more tries never make it worse, and rows do not mix."""

from itertools import pairwise

import pytest
import torch
from attack_toys import W, asked, attack, losses, norms
from torch.testing import assert_close
from toys import InParts, binary, central, convolutional, labels, pictures

from advviz.objectives import Unit, away_from, towards
from advviz.protocol import run
from advviz.threat_models import L2Ball, threat_model

# --- monotonicity, independence -----------------------------------------------


@norms
def test_success_grows_with_eps_on_a_linear_model(norm):
    """E9: what a ball reaches, a larger one reaches."""
    images = central(30, seed=8)
    network = binary(W, bias=-float(W @ central(1).flatten()))
    true = run(asked(images), network).argmax(1)
    before = torch.zeros(30, dtype=torch.bool)
    counts = []
    for eps in (0.0, 0.005, 0.02, 0.05, 0.1):
        eps *= 1.0 if norm == "linf" else 5.0
        found = attack(
            network, images, away_from(true), threat_model(norm, eps), step_size=eps / 2, steps=5
        )
        assert not (before & ~found.success).any()
        before = found.success
        counts.append(int(before.sum()))
    assert counts[0] == 0
    assert counts[0] < counts[2] < counts[4]


def scores(network, found, objective):
    return objective.margins(run(asked(found.images), network))


@norms
def test_more_restarts_never_lower_success_or_margin(norm):
    """E9: the first starts stay as they were, and the best of all is kept."""
    network, images = convolutional(), pictures(6)
    objective = towards(labels(0, 1, 2, 0, 1, 2))
    eps = 0.3 if norm == "l2" else 0.1
    margins = [
        scores(
            network,
            attack(
                network, images, objective, threat_model(norm, eps),
                step_size=eps / 3, steps=4, random_start=True, restarts=restarts,
            ),
            objective,
        )
        for restarts in (1, 2, 4, 7)
    ]  # fmt: skip
    for fewer, more in pairwise(margins):
        assert (more >= fewer - 1e-12).all()
    assert (margins[-1] > margins[0] + 1e-9).any(), "restarts find something"


@norms
@pytest.mark.parametrize("early_stop", [False, True])
def test_a_batch_of_n_is_n_batches_of_one(norm, early_stop):
    """E9, in float64, to 1e-12: also the histories, also through chunks of an engine."""
    network, images = convolutional(), pictures(5)
    classes = labels(0, 1, 2, 0, 1)
    threat = threat_model(norm, 0.4 if norm == "l2" else 0.1)
    words = {
        "step_size": 0.05, "steps": 12, "random_start": True, "restarts": 3,
        "early_stop": early_stop, "record": "pictures",
    }  # fmt: skip
    together = attack(network, images, towards(classes), threat, **words)
    chunked = attack(InParts(network, 2), images, towards(classes), threat, **words)
    assert_same(chunked, together)
    for row in range(5):
        alone = attack(
            network, images[row : row + 1], towards(classes[row : row + 1]), threat, **words
        )
        assert_same(alone, together, row)


def assert_same(found, whole, row=None):
    """Compare two attack results; with a row, one with that row of the other."""
    rows = slice(None) if row is None else slice(row, row + 1)
    close = {"rtol": 0, "atol": 1e-12}
    for name in ("images", "logits", "original_logits", "eight_bit_logits", "l2", "linf"):
        assert_close(getattr(found, name), getattr(whole, name)[rows], **close)
    assert torch.equal(found.success, whole.success[rows])
    assert torch.equal(found.zero_gradient_steps, whole.zero_gradient_steps[rows])
    for name in ("objective", "probabilities", "distance", "scores", "pictures"):
        mine, theirs = getattr(found.history, name), getattr(whole.history, name)[:, rows]
        assert_close(mine, theirs, **close)
    assert torch.equal(found.history.first_success(), whole.history.first_success()[rows])


# --- the best iterate, early stop ---------------------------------------------


@norms
@losses
def test_the_returned_image_is_the_best_iterate_by_success_then_margin(norm, loss):
    """Success is a positive margin: the largest margin of all steps wins."""
    network, images = convolutional(seed=3), pictures(6)
    objective = towards(labels(0, 1, 2, 0, 1, 2), loss)
    threat = threat_model(norm, 2.0 if norm == "l2" else 0.5)
    found = attack(
        network, images, objective, threat, step_size=threat.eps, steps=15, record="pictures"
    )
    seen = found.history
    best = seen.scores.argmax(0)
    rows = torch.arange(6)
    assert torch.equal(found.images, seen.pictures[best, rows])
    assert torch.equal(found.success, seen.scores.amax(0) > 0)
    assert (best < 15).any(), "for some row, the last step is not the best one"
    for step in range(16):
        logits = run(asked(seen.pictures[step]), network)
        assert_close(seen.scores[step], objective.margins(logits), rtol=0, atol=1e-12)


@norms
@pytest.mark.parametrize("restarts", [1, 3])
def test_early_stop_succeeds_on_the_same_rows(norm, restarts):
    """It saves work; it changes no success."""
    network, images = convolutional(seed=1), pictures(12, seed=3)
    objective = towards(torch.arange(12) % 3)
    threat = threat_model(norm, 0.6 if norm == "l2" else 0.1)
    words = {
        "step_size": threat.eps / 5, "steps": 25, "random_start": True, "restarts": restarts,
    }  # fmt: skip
    full = attack(network, images, objective, threat, **words)
    early = attack(network, images, objective, threat, early_stop=True, **words)
    assert torch.equal(early.success, full.success)
    assert 0 < int(full.success.sum()) < 12, "some succeed, some do not"
    assert (early.l2[early.success] <= full.l2[early.success] + threat.eps).all()


def test_early_stop_leaves_a_row_where_it_first_succeeded():
    """Its picture is that of its first success, and later entries repeat it."""
    network, images = convolutional(seed=1), pictures(8, seed=3)
    found = attack(
        network, images, towards(torch.arange(8) % 3), L2Ball(1.5),
        step_size=0.1, steps=25, early_stop=True, record="pictures",
    )  # fmt: skip
    first = found.history.first_success()
    assert found.history.objective.shape == (26, 8)
    stopped = [row for row in range(8) if 0 <= first[row] < 25]
    assert stopped
    for row in stopped:
        picture = found.history.pictures[first[row], row]
        assert torch.equal(found.images[row], picture)
        assert (found.history.pictures[first[row] :, row] == picture).all()


def test_early_stop_asks_less():
    """Stopped rows leave the queries, and a finished search ends."""

    class Counting:
        def __init__(self, network):
            self.network, self.rows = network, 0

        def answer(self, query):
            self.rows += len(query.images)
            return self.network.answer(query)

    images = central(4)
    asked_rows = {}
    for early_stop in (False, True):
        network = Counting(binary(W))
        attack(
            network, images, towards(labels(1, 1, 1, 1)), L2Ball(3.0),
            step_size=0.5, steps=40, early_stop=early_stop,
        )  # fmt: skip
        asked_rows[early_stop] = network.rows
    assert asked_rows[False] == 4 * 41 + 12
    assert asked_rows[True] <= 4 * 11 + 12


def test_an_objective_without_a_decision_keeps_its_highest_value():
    """A unit has no margin: the objective itself says which iterate is best."""
    network, images = convolutional(), pictures(3)
    objective = Unit("conv2", labels(0, 1, 2))
    found = attack(
        network, images, objective, L2Ball(1.0), step_size=0.5, steps=8, record="pictures"
    )
    best = found.history.objective.argmax(0)
    assert torch.equal(found.images, found.history.pictures[best, torch.arange(3)])
