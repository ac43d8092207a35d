"""Projected gradient descent on classifiers whose worst case is known."""

import io
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close
from toys import (
    SIZE,
    InParts,
    Listening,
    binary,
    central,
    convolutional,
    labels,
    linear,
    normal,
    pictures,
)

from advviz.attacks.pgd import PGDParams, fgsm_params, pgd
from advviz.attacks.random_noise import random_noise
from advviz.errors import InvalidInputError
from advviz.noise import Noise
from advviz.objectives import LOSSES, Unit, away_from, towards
from advviz.pictures import photo, png
from advviz.protocol import Answer, Query, run
from advviz.threat_models import L2Ball, LinfBall, threat_model

W = normal(SIZE, seed=11)
norms = pytest.mark.parametrize("norm", ["l2", "linf"])
losses = pytest.mark.parametrize("loss", sorted(LOSSES))


def attack(network, images, objective, threat, *, seed=0, **params):
    found = pgd(images, objective, threat, PGDParams(**params), noise=Noise(seed))
    return run(found, network)


def best_direction(norm, weight=W):
    """Return the change of norm 1 that raises w · x most."""
    direction = weight / weight.norm() if norm == "l2" else weight.sign()
    return direction.view(1, 3, 4, 4)


def dual_norm(norm, rows):
    return rows.abs().sum(-1) if norm == "linf" else rows.norm(dim=-1)


# --- E1, E2: the least distance to a linear boundary --------------------------


@norms
@losses
@pytest.mark.parametrize("seed", range(3))
def test_pgd_crosses_a_linear_boundary_exactly_at_the_least_distance(norm, loss, seed):
    """E1: |f| / ‖w‖₂ in L2, |f| / ‖w‖₁ in L-inf; a little less never succeeds."""
    image = central(1, seed=seed)
    network = binary(W, bias=-float(W @ image.flatten()) - 0.1)  # f = −0.1: class 0
    least = 0.1 / float(dual_norm(norm, W))
    for eps, succeeds in ((least * (1 - 1e-6), False), (least * (1 + 1e-6), True)):
        for objective in (towards(labels(1), loss), away_from(labels(0), loss)):
            found = attack(
                network, image, objective, threat_model(norm, eps), step_size=eps, steps=3
            )
            assert found.success.tolist() == [succeeds]


@norms
def test_robust_accuracy_of_a_linear_model_is_the_closed_form(norm):
    """E2: in the binary case a row is robust iff its margin exceeds eps · ‖w‖."""
    images = central(40, seed=5)
    network = binary(W, bias=-float(W @ central(1).flatten()))
    logits = run(asked(images), network)
    true = logits.argmax(1)
    margin = (logits[:, 1] - logits[:, 0]).abs()
    eps = float(margin.median() / dual_norm(norm, W)) * (1 + 1e-9)
    assert eps < 0.4, "the box must not be active"
    found = attack(
        network, images, away_from(true), threat_model(norm, eps), step_size=eps / 2, steps=4
    )
    expected = margin < eps * dual_norm(norm, W)
    assert found.success.tolist() == expected.tolist()
    assert 0 < int(expected.sum()) < 40


def asked(images):
    answer = yield Query(images, gradient=False)
    return answer.logits


@norms
def test_no_attack_beats_the_closed_form_of_an_affine_model(norm):
    """E2, many classes: below min over k of margin / ‖w_k − w_y‖ none, above it all."""
    weight = normal(5, SIZE, seed=2)
    images = central(10, seed=6)
    network = linear(weight)
    logits = run(asked(images), network)
    true = logits.argmax(1)
    gaps = logits.gather(1, true[:, None]) - logits
    distances = gaps / dual_norm(norm, weight[None] - weight[true][:, None]).clamp_min(1e-300)
    distances[torch.arange(10), true] = torch.inf
    nearest = distances.min(1)
    for row in range(10):
        image, least = images[row : row + 1], float(nearest.values[row])
        to = towards(nearest.indices[row : row + 1], "margin")
        away = away_from(true[row : row + 1])
        inside, outside = (threat_model(norm, least * (1 + sign * 1e-6)) for sign in (-1, 1))
        for objective in (to, away):
            found = attack(network, image, objective, inside, step_size=least / 4, steps=20)
            assert not found.success.any()
        assert attack(network, image, to, outside, step_size=least, steps=4).success.all()


# --- E3, E4: where it ends ---------------------------------------------------------


@losses
def test_pgd_reaches_the_l2_optimum_of_a_linear_model_in_one_step(loss):
    """E3, Cauchy–Schwarz: x + eps · w / ‖w‖."""
    images = central(3)
    found = attack(
        binary(W), images, towards(labels(1, 1, 1), loss), L2Ball(0.3), step_size=0.3, steps=1
    )
    assert_close(found.images, images + 0.3 * best_direction("l2"), rtol=0, atol=1e-9)


@norms
@pytest.mark.parametrize("seed", range(3))
def test_linear_pgd_from_any_start_ends_at_the_optimum(norm, seed):
    """E3: L-inf exactly, when n · step ≥ 2 eps; L2 in the limit."""
    images = central(3)
    eps = 0.05
    found = attack(
        binary(W),
        images,
        towards(labels(1, 1, 1), "logit"),
        threat_model(norm, eps),
        step_size=eps,
        steps=2 if norm == "linf" else 60,
        random_start=True,
        seed=seed,
    )
    expected = images + eps * best_direction(norm)
    assert_close(found.images, expected, rtol=0, atol=1e-12 if norm == "linf" else 1e-6)


@losses
def test_fgsm_is_one_step_of_linf(loss):
    """E3: x + eps · sign(gradient)."""
    images = central(2)
    found = pgd(
        images, away_from(labels(1, 1), loss), LinfBall(0.1), fgsm_params(0.1), noise=Noise(0)
    )
    expected = images - 0.1 * best_direction("linf")
    assert_close(run(found, binary(W)).images, expected, rtol=0, atol=1e-15)


@norms
@losses
def test_targeted_is_untargeted_when_there_are_two_classes(norm, loss):
    """E3: towards 1 is away from 0."""
    images, eps = central(3), 0.2
    words = {"step_size": 0.05, "steps": 7, "random_start": True}
    to = attack(binary(W), images, towards(labels(1, 1, 1), loss), threat_model(norm, eps), **words)
    away = attack(
        binary(W), images, away_from(labels(0, 0, 0), loss), threat_model(norm, eps), **words
    )
    assert_close(to.images, away.images, rtol=0, atol=1e-6 if loss == "logit" else 1e-12)
    assert torch.equal(to.success, away.success)


def test_linf_with_an_active_box_ends_at_the_coordinatewise_clamp():
    """E4: clamp(x ± eps), exactly."""
    images, eps = pictures(4), 0.3
    found = attack(
        binary(W), images, towards(labels(1, 1, 1, 1)), LinfBall(eps), step_size=eps, steps=2
    )
    expected = (images + eps * best_direction("linf")).clamp(0, 1)
    assert_close(found.images, expected, rtol=0, atol=1e-15)
    assert ((images + eps * best_direction("linf")) != expected).any(), "the box is active"


def box_optimum(image, weight, eps):
    """Maximize w · δ in L2 ball and box: δ = clip(λ w), λ by bisection."""
    low, high = -image, 1 - image
    small, large = 0.0, 1e6
    for _ in range(200):
        middle = (small + large) / 2
        inside = float((middle * weight).clamp(low, high).norm()) <= eps
        small, large = (middle, large) if inside else (small, middle)
    return (small * weight).clamp(low, high)


def test_l2_with_an_active_box_comes_near_the_water_filling_optimum_and_never_over():
    """E4: clamping after projection is feasible, and a good enough projection."""
    image, eps = pictures(1, seed=9), 1.5
    found = attack(
        binary(W), image, towards(labels(1), "logit"), L2Ball(eps), step_size=0.02, steps=300
    )
    optimum = box_optimum(image.flatten(), W, eps)
    clipped = (optimum == -image.flatten()) | (optimum == 1 - image.flatten())
    assert 0 < int(clipped.sum()) < SIZE, "some pixels at the border of the box, not all"
    reached = float(W @ (found.images - image).flatten())
    assert 0.99 * float(W @ optimum) < reached <= float(W @ optimum) * (1 + 1e-9)


# --- E5, E9: steps that must move, and eps 0 ----------------------------------------


@norms
@losses
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_saturated_logits_still_move(norm, loss, dtype):
    """E5: with logits of ±1e4 against it, a targeted attack goes the whole way."""
    image = central(1).to(dtype)
    weight = (1000 * W / W.norm()).to(dtype)
    network = binary(weight, bias=-2e4 - float(weight @ image.flatten()))
    threat = threat_model(norm, 0.2)
    found = attack(network, image, towards(labels(1), loss), threat, step_size=0.05, steps=8)
    assert_close(found.original_logits.tolist(), [[1e4, -1e4]], rtol=0, atol=0.01)
    assert found.zero_gradient_steps.tolist() == [0]
    expected = image + 0.2 * best_direction(norm).to(dtype)
    assert_close(found.images, expected, rtol=0, atol=1e-6)


def test_gradients_of_almost_nothing_give_full_steps():
    """Sure by 80 logits in float32, the cross-entropy's gradient is 1e-35: its square is 0."""
    weight = (W / W.norm()).float()
    image = central(1).float()
    network = binary(weight, bias=80.0 - float(weight @ image.flatten()))
    found = attack(network, image, away_from(labels(1)), L2Ball(0.1), step_size=0.1, steps=1)
    expected = image - 0.1 * best_direction("l2").float()
    assert found.zero_gradient_steps.tolist() == [0]
    assert_close(found.images, expected, rtol=0, atol=1e-6)


@norms
def test_an_exactly_zero_gradient_moves_at_random_and_is_counted(norm):
    """A constant network tells no direction; the row goes somewhere, by its own noise."""
    images = central(3)
    flat = linear(torch.zeros(2, SIZE, dtype=torch.float64))
    threat = threat_model(norm, 0.1)
    words = {"step_size": 0.02, "steps": 4, "record": "pictures"}
    found = attack(flat, images, away_from(labels(0, 0, 0)), threat, **words)
    assert found.zero_gradient_steps.tolist() == [4, 4, 4]
    last = found.history.pictures[-1]
    assert_close(threat.distance(images, last), torch.full((3,), 0.08).double(), rtol=0, atol=1e-6)
    again = attack(flat, images, away_from(labels(0, 0, 0)), threat, **words)
    other = attack(flat, images, away_from(labels(0, 0, 0)), threat, seed=1, **words)
    assert torch.equal(again.history.pictures, found.history.pictures)
    assert not torch.equal(other.history.pictures, found.history.pictures)


def test_only_rows_without_a_gradient_are_counted():
    """A neighbour's zero is not one's own."""

    class HalfBlind:
        def __init__(self, network):
            self.network = network

        def answer(self, query):
            answer = self.network.answer(query)
            if not query.gradient:
                return answer
            gradients = answer.gradients.clone()
            gradients[0] = 0
            return Answer(answer.logits, answer.values, gradients)

    images = central(2)
    words = {"step_size": 0.02, "steps": 3, "record": "pictures"}
    found = attack(HalfBlind(binary(W)), images, towards(labels(1, 1)), L2Ball(0.1), **words)
    assert found.zero_gradient_steps.tolist() == [3, 0]
    expected = images[1] + 0.06 * best_direction("l2")[0]
    assert_close(found.history.pictures[-1][1], expected, rtol=0, atol=1e-9)


@norms
@pytest.mark.parametrize("random_start", [False, True])
@pytest.mark.parametrize("step_size", [0.0, 0.1])
def test_eps_zero_returns_the_input_bitwise(norm, random_start, step_size):
    """E9."""
    images = pictures(3).float()
    found = attack(
        binary(W.float()), images, towards(labels(1, 1, 1)), threat_model(norm, 0.0),
        step_size=step_size, steps=3, random_start=random_start,
    )  # fmt: skip
    assert torch.equal(found.images, images)
    assert found.l2.tolist() == [0.0] * 3
    assert found.linf.tolist() == [0.0] * 3


# --- E9: monotonicity, independence ----------------------------------------------------


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


# --- the best iterate, early stop, history ---------------------------------------------


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


@pytest.mark.parametrize("restarts", [1, 2])
def test_the_history_has_an_entry_for_every_step_and_the_start(restarts):
    """T = steps + 1; curves and pictures agree with each other."""
    network, images = convolutional(), pictures(3)
    classes = labels(0, 1, 2)
    found = attack(
        network, images, towards(classes), L2Ball(0.5),
        step_size=0.1, steps=6, random_start=True, restarts=restarts, record="pictures",
    )  # fmt: skip
    seen = found.history
    assert seen.objective.shape == seen.distance.shape == seen.scores.shape == (7, 3)
    assert seen.probabilities.shape == (7, 3, 3)
    assert seen.pictures.shape == (7, *images.shape)
    for step in range(7):
        logits = run(asked(seen.pictures[step]), network)
        close = {"rtol": 0, "atol": 1e-12}
        assert_close(seen.probabilities[step], logits.softmax(1), **close)
        assert_close(seen.objective[step], logits.log_softmax(1)[range(3), classes], **close)
        assert_close(seen.distance[step], L2Ball(0.5).distance(images, seen.pictures[step]))
        assert (seen.distance[step] <= 0.5).all()
    assert (seen.pictures == found.images).flatten(2).all(2).any(0).all(), "the result is in it"


def test_without_a_random_start_the_history_begins_at_the_image():
    """Distance 0."""
    images = pictures(2)
    found = attack(
        convolutional(), images, towards(labels(0, 1)), L2Ball(0.5),
        step_size=0.1, steps=2, record="pictures",
    )  # fmt: skip
    assert torch.equal(found.history.pictures[0], images)
    assert found.history.distance[0].tolist() == [0, 0]


def test_first_success_is_the_first_step_past_the_goal():
    """On a line it can be counted: a margin of 0.35 at steps of 0.1 takes 4."""
    image = central(1)
    weight = W / W.norm()
    network = binary(weight, bias=-float(weight @ image.flatten()) - 0.35)
    found = attack(network, image, towards(labels(1)), L2Ball(0.9), step_size=0.1, steps=8)
    assert found.history.first_success().tolist() == [4]
    never = attack(network, image, towards(labels(1)), L2Ball(0.3), step_size=0.1, steps=8)
    assert never.history.first_success().tolist() == [-1]
    solved = attack(network, image, towards(labels(0)), L2Ball(0.3), step_size=0.1, steps=8)
    assert solved.history.first_success().tolist() == [0]


@pytest.mark.parametrize("record", ["nothing", "curves", "pictures"])
def test_what_is_recorded_is_what_was_asked_for(record):
    """And it does not change the attack."""
    network, images = convolutional(), pictures(2)
    words = {"step_size": 0.1, "steps": 3}
    found = attack(network, images, towards(labels(0, 1)), L2Ball(0.5), record=record, **words)
    plain = attack(network, images, towards(labels(0, 1)), L2Ball(0.5), **words)
    assert torch.equal(found.images, plain.images)
    assert (found.history is None) == (record == "nothing")
    assert (found.history is not None and found.history.pictures is not None) == (
        record == "pictures"
    )


# --- truth --------------------------------------------------------------------------------


@norms
@pytest.mark.parametrize("eps", [1e-4, 0.1, 3.0])
def test_everything_reported_is_of_exactly_the_images_returned(norm, eps):
    """Logits, success, distances; the distance never exceeds the budget, in float64."""
    network, images = convolutional(seed=2), pictures(5).float()
    network.module.float()
    objective = away_from(labels(0, 1, 2, 0, 1))
    found = attack(
        network, images, objective, threat_model(norm, eps),
        step_size=eps / 2, steps=6, random_start=True,
    )  # fmt: skip
    assert torch.equal(found.logits, run(asked(found.images), network))
    assert torch.equal(found.original_logits, run(asked(images), network))
    assert torch.equal(found.success, objective.margins(found.logits) > 0)
    change = found.images.numpy().astype(float) - images.numpy().astype(float)
    np.testing.assert_allclose(found.l2, np.linalg.norm(change.reshape(5, -1), axis=1), rtol=1e-12)
    np.testing.assert_array_equal(found.linf, np.abs(change).reshape(5, -1).max(1))
    assert (getattr(found, norm) <= eps).all()
    assert (getattr(found, norm) > 0).all()
    assert found.images.min() >= 0
    assert found.images.max() <= 1


def test_the_8_bit_logits_belong_to_the_image_as_saved_to_a_file():
    """Saved to PNG, read back, asked again: the same logits."""
    network = convolutional(seed=2)
    network.module.float()
    images = pictures(3, (3, 16, 16)).float()
    found = attack(network, images, away_from(labels(0, 1, 2)), L2Ball(0.5), step_size=0.1, steps=5)
    for row in range(3):
        with Image.open(io.BytesIO(png(photo(found.images[row].numpy())))) as opened:
            saved = np.asarray(opened).astype(np.float32).transpose(2, 0, 1) / np.float32(255)
        logits = run(asked(torch.from_numpy(saved.copy())[None]), network)
        assert_close(found.eight_bit_logits[row : row + 1], logits, rtol=0, atol=1e-5)
    assert not torch.equal(found.eight_bit_logits, found.logits)


@norms
@pytest.mark.parametrize("early_stop", [False, True])
def test_the_images_given_are_not_changed(norm, early_stop):
    """Nor is their memory shared with the result."""
    images = pictures(3)
    kept = images.clone()
    found = attack(
        convolutional(), images, towards(labels(0, 1, 2)), threat_model(norm, 0.2),
        step_size=0.1, steps=3, random_start=True, restarts=2, early_stop=early_stop,
    )  # fmt: skip
    found.images.zero_()
    assert torch.equal(images, kept)
    assert not images.requires_grad


def test_an_objective_without_a_decision_keeps_its_highest_value():
    """A unit has no margin: the objective itself says which iterate is best."""
    network, images = convolutional(), pictures(3)
    objective = Unit("conv2", labels(0, 1, 2))
    found = attack(
        network, images, objective, L2Ball(1.0), step_size=0.5, steps=8, record="pictures"
    )
    best = found.history.objective.argmax(0)
    assert torch.equal(found.images, found.history.pictures[best, torch.arange(3)])


def test_progress_counts_the_steps_and_shows_the_picture():
    """What is shown is the first row's current image."""
    images = pictures(2)
    network = Listening(convolutional())
    attack(network, images, towards(labels(0, 1)), L2Ball(0.5), step_size=0.1, steps=3)
    seen = [(q.progress.done, q.progress.total, q.exact) for q in network.queries]
    assert seen == [(0, 3, False), (1, 3, False), (2, 3, False), (3, 3, False), (0, 1, True)]
    for query in network.queries[:-1]:
        assert torch.equal(query.progress.preview, query.images[0])


# --- the door ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"step_size": -0.1}, "step_size must be finite and >= 0, got -0.1"),
        ({"step_size": float("nan")}, "step_size must be finite"),
        ({"step_size": 1.0, "steps": 0}, "steps must be >= 1, got 0"),
        ({"step_size": 1.0, "restarts": 0}, "restarts must be >= 1, got 0"),
        ({"step_size": 1.0, "restarts": 2}, "use random_start"),
    ],
)
def test_parameters_refuse_what_makes_no_attack(words, message):
    """Unit and value in one sentence."""
    with pytest.raises(InvalidInputError, match=message):
        PGDParams(**words)


@pytest.mark.parametrize(
    "images",
    [
        pictures(1) * 2,
        pictures(1) - 0.5,
        pictures(1) * float("nan"),
        pictures(1)[0],
        pictures(0),
    ],
)
def test_images_that_are_no_pixels_are_refused(images):
    """Normalised inputs, nan, a missing batch dimension, no image at all."""
    with pytest.raises(InvalidInputError, match="images must"):
        attack(binary(W), images, towards(labels(1)), L2Ball(1.0), step_size=0.1)


def test_a_target_outside_the_classes_is_refused():
    """Before anything is changed."""
    with pytest.raises(InvalidInputError, match=r"classes must lie in \[0, 2\), got 2 to 2"):
        attack(binary(W), central(1), towards(labels(2)), L2Ball(1.0), step_size=0.1)


# --- the control -------------------------------------------------------------------------


@norms
def test_random_noise_spends_the_whole_budget(norm):
    """Every draw is at distance eps where the box is not active; draws differ."""
    images, threat = central(2), threat_model(norm, 0.2)
    network = Listening(convolutional())
    found = run(random_noise(images, threat, 30, noise=Noise(0)), network)
    asked_images = [query.images for query in network.queries]
    noisy = torch.cat(asked_images[1:]).view(30, *images.shape)
    for row in range(2):
        distance = threat.distance(images[row].expand_as(noisy[:, row]), noisy[:, row])
        assert_close(distance, torch.full((30,), 0.2).double(), rtol=0, atol=1e-6)
        assert len(noisy[:, row].unique(dim=0)) == 30
    assert_close(found.logits.flatten(0, 1), run(asked(noisy.flatten(0, 1)), network))
    assert torch.equal(found.original_logits, run(asked(images), network))
    assert torch.equal(found.example, noisy[0])
