"""The L1 ball within the box, against solvers that share no code with it."""

import numpy as np
import pytest
import torch
from scipy.optimize import LinearConstraint, linprog, minimize
from torch.testing import assert_close
from toys import central, generator, labels, linear, normal, pictures

from advviz.attacks.pgd import PGDParams, pgd
from advviz.noise import Noise
from advviz.objectives import towards
from advviz.protocol import run
from advviz.threat_models import L1Ball
from advviz.threat_models.l1 import SPARSITY


def bisected(image, candidate, eps):
    """Find the projection by bisection of the amount that every pixel gives up."""
    change = candidate - image
    low, high = 0.0, float(np.abs(change).max())
    for _ in range(200):
        middle = (low + high) / 2
        point = np.clip(image + np.sign(change) * np.maximum(np.abs(change) - middle, 0), 0, 1)
        low, high = (middle, high) if np.abs(point - image).sum() > eps else (low, middle)
    return point


@pytest.mark.parametrize("eps", [0.01, 0.5, 2.0, 7.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_projection_is_that_of_a_bisection(eps, seed):
    """Half the candidates lie outside the box, where clamping last would be another point."""
    images = pictures(3, seed=seed)
    outside = images + normal(3, 3, 4, 4, seed=seed)
    projected = L1Ball(eps).project(images, outside)
    for row in range(3):
        expected = bisected(images[row].numpy(), outside[row].numpy(), eps)
        np.testing.assert_allclose(projected[row].numpy(), expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_a_projection_is_that_of_a_quadratic_programme(seed):
    """The change is split into its two signs, so that the ball is one linear bound."""
    d, eps = 12, 1.5
    image = pictures(1, (3, 2, 2), seed=seed)
    outside = image + normal(1, 3, 2, 2, seed=seed)
    x, wanted = image.numpy().ravel(), (outside - image).numpy().ravel()

    def missing(v):
        return v[:d] - v[d:] - wanted

    solved = minimize(
        lambda v: float((missing(v) ** 2).sum()),
        np.zeros(2 * d),
        jac=lambda v: 2 * np.concatenate([missing(v), -missing(v)]),
        bounds=[(0, high) for high in [*(1 - x), *x]],
        constraints=LinearConstraint(np.ones((1, 2 * d)), ub=eps),
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )  # fmt: skip
    expected = solved.x[:d] - solved.x[d:]
    change = (L1Ball(eps).project(image, outside) - image).numpy().ravel()
    np.testing.assert_allclose(change, expected, rtol=0, atol=1e-6)


def test_a_projection_clamped_last_is_another_point():
    """The exact one spends the whole budget: what the box refuses goes to other pixels."""
    image = torch.tensor([0.9, 0.5, 0.5], dtype=torch.float64).view(1, 3, 1, 1)
    outside = torch.tensor([2.9, 0.9, 0.7], dtype=torch.float64).view(1, 3, 1, 1)
    projected = L1Ball(0.5).project(image, outside)
    # Each gives up 0.1: 1.9, 0.3 and 0.1; the first has room for 0.1 alone.
    expected = torch.tensor([1.0, 0.8, 0.6], dtype=torch.float64).view(1, 3, 1, 1)
    assert_close(projected, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("length", [0.2, 1.0, 3.7, 40.0])
@pytest.mark.parametrize("size", [(3, 4, 4), (3, 20, 20)])
def test_a_step_solves_the_linear_programme(length, size):
    """The largest rise among changes that stay in the box, none beyond its share."""
    points, gradients = pictures(1, size, seed=3), normal(1, *size, seed=4)
    moved = L1Ball(1.0).stepped(points, gradients, length)
    d = points.numel()
    x, g = points.numpy().ravel(), gradients.numpy().ravel()
    cap = length / max(1, int(SPARSITY * d))
    solved = linprog(
        -np.concatenate([g, -g]),
        A_ub=np.ones((1, 2 * d)),
        b_ub=[length],
        bounds=[(0, min(high, cap)) for high in [*(1 - x), *x]],
    )
    rise = float(((moved - points) * gradients).sum())
    assert rise == pytest.approx(-solved.fun, rel=1e-9)
    assert moved.min() >= 0
    assert moved.max() <= 1
    assert float((moved - points).abs().sum()) <= length * (1 + 1e-12)


@pytest.mark.parametrize("eps", [0.3, 1.4, 3.0])
def test_pgd_reaches_the_optimum_of_a_linear_model_in_ball_and_box(eps):
    """E4 in L1: the largest weights move to the border of the box, one after the other."""
    weight, images = normal(48, seed=11), pictures(2)
    network = linear(torch.stack([torch.zeros_like(weight), weight]))
    params = PGDParams(step_size=eps, steps=30)
    found = run(
        pgd(images, towards(labels(1, 1), "logit"), L1Ball(eps), params, noise=Noise(0)), network
    )
    for image, reached in zip(images, found.images, strict=True):
        x = image.numpy().ravel()
        solved = linprog(
            -np.concatenate([weight, -weight]),
            A_ub=np.ones((1, 96)),
            b_ub=[eps],
            bounds=[(0, high) for high in [*(1 - x), *x]],
        )
        rise = float(weight @ (reached - image).flatten())
        assert rise == pytest.approx(-solved.fun, rel=1e-8)
    assert (found.l1 <= eps).all()


def test_the_start_is_uniform_in_the_ball():
    """P(r ≤ t) = (t/eps)^d, and every coordinate is alike: E|δ| = eps / (d + 1)."""
    draws, d, eps = 4000, 12, 0.1
    centres = central(draws, (3, 2, 2))
    change = (L1Ball(eps).start(centres, Noise(3).streams(centres)) - centres).flatten(1)
    shares = ((change.abs().sum(1) / eps) ** d).sort().values
    steps = torch.arange(1, draws + 1, dtype=torch.float64) / draws
    assert float((steps - shares).abs().max()) < 1.63 / draws**0.5  # the 1% point
    # |δ| / eps has a beta distribution with parameters 1 and d.
    spread = eps * (d / ((d + 1) ** 2 * (d + 2)) / draws) ** 0.5
    assert_close(
        change.abs().mean(0), torch.full((d,), eps / (d + 1)).double(), rtol=0, atol=5 * spread
    )
    assert float(change.mean(0).abs().max()) < 5 * 2**0.5 * eps / (d + 1) / draws**0.5


def test_a_step_at_the_border_goes_elsewhere():
    """A pixel that is white already cannot brighten; the next one does."""
    points = torch.full((1, 3, 2, 2), 0.5, dtype=torch.float64)
    points[0, 0, 0, 0] = 1
    gradients = torch.rand(1, 3, 2, 2, generator=generator(), dtype=torch.float64)
    gradients[0, 0, 0, 0], gradients[0, 1, 1, 1] = 9, 5
    moved = L1Ball(1.0).stepped(points, gradients, 0.3)
    assert moved[0, 0, 0, 0] == 1
    assert float(moved[0, 1, 1, 1]) == pytest.approx(0.8)
