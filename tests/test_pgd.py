"""Projected gradient descent on classifiers whose worst case is known."""

import pytest
import torch
from attack_toys import W, asked, attack, best_direction, dual_norm, losses, norms
from torch.testing import assert_close
from toys import SIZE, binary, central, labels, linear, normal, pictures

from advviz.attacks.pgd import fgsm_params, pgd
from advviz.noise import Noise
from advviz.objectives import away_from, towards
from advviz.protocol import Answer, run
from advviz.threat_models import L2Ball, LinfBall, threat_model

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


# --- E3, E4: where it ends ----------------------------------------------------


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


# --- E5, E9: steps that must move, and eps 0 ----------------------------------


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


@norms
def test_a_gradient_that_is_no_number_somewhere_still_leads(norm):
    """One NaN entry counts as zero; a row of nothing else moves at random, and is counted."""

    class PartlyUndefined:
        def answer(self, query):
            answer = binary(W).answer(query)
            if not query.gradient:
                return answer
            gradients = answer.gradients.clone()
            gradients[0, :, 0], gradients[1] = torch.nan, torch.nan
            return Answer(answer.logits, answer.values, gradients)

    images, network = central(2), PartlyUndefined()
    words = {"step_size": 0.02, "steps": 3, "record": "pictures"}
    threat = threat_model(norm, 0.05)
    found = attack(network, images, towards(labels(1, 1), "logit"), threat, **words)
    assert found.zero_gradient_steps.tolist() == [0, 3]
    seen = W.view(1, 3, 4, 4).clone()
    seen[:, :, 0] = 0
    expected = images[:1] + 0.05 * best_direction(norm, seen.flatten())
    assert_close(found.history.pictures[-1][:1], expected, rtol=0, atol=1e-6)


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
