"""Balls: projection, steepest step, random start, distance."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.testing import assert_close
from toys import central, generator, normal, pictures

from advviz.errors import InvalidInputError
from advviz.noise import Noise
from advviz.threat_models import (
    L1Ball,
    L2Ball,
    LinfBall,
    scaled_to_unit_max,
    threat_model,
)

BALLS = (L1Ball, L2Ball, LinfBall)
both = pytest.mark.parametrize("ball", BALLS)

pixels32 = st.floats(0, 1, width=32)
images32 = arrays(np.float32, (2, 3, 3, 3), elements=pixels32)
changes32 = arrays(np.float32, (2, 3, 3, 3), elements=st.floats(-4, 4, width=32))
radii = st.one_of(
    st.sampled_from([0.0, 1e-7, 1e-5, 8 / 255, 0.1, 0.3, 1.0, 40.0, 1000.0]),
    st.floats(1e-7, 50, allow_subnormal=False),
)


def candidates(image, change):
    image = torch.from_numpy(image)
    return image, image + torch.from_numpy(change)


def float64_distance(ball, images, others):
    """Measure with NumPy, in float64, apart from the code under test."""
    change = others.numpy().astype(np.float64) - images.numpy().astype(np.float64)
    order = {L1Ball: 1, L2Ball: 2, LinfBall: np.inf}[ball]
    return np.linalg.norm(change.reshape(len(change), -1), ord=order, axis=1)


@both
@given(image=images32, change=changes32, eps=radii)
def test_a_projection_is_feasible_in_float64_exactly(ball, image, change, eps):
    """No float32 rounding pushes a row over eps or out of the box, not by one part in 1e16."""
    images, outside = candidates(image, change)
    projected = ball(eps).project(images, outside)
    assert projected.dtype == torch.float32
    assert (float64_distance(ball, images, projected) <= eps).all()
    assert projected.min() >= 0
    assert projected.max() <= 1


@both
@given(image=images32, change=changes32, eps=radii)
def test_a_projection_is_idempotent(ball, image, change, eps):
    """What is inside stays as it is, bit for bit."""
    images, outside = candidates(image, change)
    once = ball(eps).project(images, outside)
    assert torch.equal(ball(eps).project(images, once), once)


@given(eps=st.floats(1e-9, 2), seed=st.integers(0, 1000))
def test_float64_projections_are_feasible_too(eps, seed):
    """The promise does not depend on the precision of the images."""
    images = pictures(3, seed=seed)
    for ball in BALLS:
        projected = ball(eps).project(images, images + normal(3, 3, 4, 4, seed=seed))
        assert (float64_distance(ball, images, projected) <= eps).all()
        assert projected.dtype == torch.float64


@pytest.mark.parametrize("eps", [0.1, 0.3, 8 / 255])
def test_linf_bounds_near_zero_are_rounded_inward(eps):
    """x − eps near 0 is exact in float32, but a float32 eps is not: it once went over."""
    images = torch.linspace(eps, eps + 0.01, 3 * 64 * 64).view(1, 3, 64, 64)
    projected = LinfBall(eps).project(images, images - 1)
    assert float(LinfBall(eps).distance(images, projected)) <= eps


@pytest.mark.parametrize("eps", [1e-5, 1e-4, 1e-3, 0.1, 1.0])
def test_a_small_budget_is_spent_not_thrown_away(eps):
    """Rounding to float32 must not send a row back to its image."""
    images = 0.3 + 0.4 * torch.rand(8, 3, 64, 64, generator=generator(1))
    direction = torch.randn(8, 3, 64, 64, generator=generator(2))
    projected = L2Ball(eps).project(images, images + direction)
    spent = L2Ball(eps).distance(images, projected)
    assert (spent <= eps).all()
    # Each of 12288 pixels is rounded inward by half a float32 step at most, 3e-8, on average.
    assert (spent >= eps - 12288**0.5 * 6e-8).all()
    assert (spent > 0.5 * eps).all()


def test_an_l2_projection_is_the_nearest_point_of_the_ball():
    """With no active box: x + eps · δ/‖δ‖."""
    images, change = central(4), 0.5 * normal(4, 3, 4, 4)
    expected = images + 0.1 * change / change.flatten(1).norm(dim=1).view(4, 1, 1, 1)
    assert_close(L2Ball(0.1).project(images, images + change), expected, rtol=0, atol=1e-9)


def test_a_linf_projection_is_the_nearest_point_of_ball_and_box():
    """Coordinatewise clamp to [x − eps, x + eps] ∩ [0, 1]."""
    images, change = pictures(4), normal(4, 3, 4, 4)
    expected = (images + change).maximum(images - 0.2).minimum(images + 0.2).clamp(0, 1)
    assert_close(LinfBall(0.2).project(images, images + change), expected, rtol=0, atol=1e-15)


@both
def test_eps_zero_gives_the_images_back_bitwise(ball):
    """The ball of radius 0 holds its centre alone."""
    images = pictures(3).float()
    moved = images + torch.randn(images.shape, generator=generator())
    assert torch.equal(ball(0.0).project(images, moved), images)
    assert torch.equal(ball(0.0).start(images, Noise(0).streams(images)), images)


@both
def test_a_projection_leaves_its_arguments_alone(ball):
    """Neither argument changes, nor does the result share memory with the images."""
    images, outside = pictures(2), pictures(2, seed=1) * 3 - 1
    kept = images.clone(), outside.clone()
    projected = ball(0.5).project(images, outside)
    projected.zero_()
    assert torch.equal(images, kept[0])
    assert torch.equal(outside, kept[1])


def test_the_steepest_l2_step_is_the_normalized_gradient():
    """Cauchy–Schwarz."""
    gradients = normal(4, 3, 4, 4)
    steepest = L2Ball(1.0).steepest(gradients)
    assert_close(steepest.flatten(1).norm(dim=1), torch.ones(4, dtype=torch.float64))
    raised = (steepest * gradients).flatten(1).sum(1)
    assert_close(raised, gradients.flatten(1).norm(dim=1))


def test_the_steepest_linf_step_is_the_sign():
    """Hölder: among changes of size 1, the sign raises a linear function most."""
    gradients = normal(4, 3, 4, 4)
    gradients[0, 0, 0, 0] = 0
    assert torch.equal(LinfBall(1.0).steepest(gradients), gradients.sign())


@both
@pytest.mark.parametrize("size", [1e-42, 1e-38, 1e-30, 1e-8, 1.0, 1e30])
def test_a_step_has_norm_one_whatever_the_size_of_the_gradient(ball, size):
    """Squares of 1e-30 vanish in float32; the step must not."""
    gradients = (size * normal(2, 3, 4, 4)).float()
    steepest = ball(1.0).steepest(gradients)
    norm = float64_distance(ball, torch.zeros_like(steepest), steepest)
    np.testing.assert_allclose(norm, 1, rtol=1e-6)


@both
def test_the_steepest_step_of_a_zero_gradient_is_zero(ball):
    """And not nan; the other rows are not touched."""
    gradients = normal(2, 3, 4, 4)
    gradients[0] = 0
    steepest = ball(1.0).steepest(gradients)
    assert torch.equal(steepest[0], torch.zeros_like(steepest[0]))
    assert steepest[1].abs().sum() > 0


def test_rows_are_scaled_to_a_largest_magnitude_of_one():
    """Zero rows stay zero."""
    rows = torch.stack([normal(3, 4, 4) * 1e-20, torch.zeros(3, 4, 4, dtype=torch.float64)])
    scaled = scaled_to_unit_max(rows)
    assert_close(scaled[0].abs().max().item(), 1.0)
    assert not scaled[1].any()


DRAWS, D = 4000, 12
TINY = (3, 2, 2)


@pytest.fixture(scope="module")
def centres():
    """Different images: each has a random stream of its own."""
    return central(DRAWS, TINY)


def kolmogorov(sample):
    """Return the largest difference of a sample from the uniform distribution on [0, 1]."""
    ordered = sample.sort().values
    steps = torch.arange(1, len(ordered) + 1, dtype=torch.float64) / len(ordered)
    return float((steps - ordered).abs().max())


def test_the_l2_start_is_uniform_in_the_ball(centres):
    """P(r ≤ t) = (t/eps)^d, so E[r] = eps · d/(d+1); all directions are alike."""
    eps = 0.1
    start = L2Ball(eps).start(centres, Noise(3).streams(centres)) - centres
    radius = start.flatten(1).norm(dim=1)
    sigma = eps * (D / (D + 2) - (D / (D + 1)) ** 2) ** 0.5
    assert abs(float(radius.mean()) - eps * D / (D + 1)) < 5 * sigma / DRAWS**0.5
    assert kolmogorov((radius / eps) ** D) < 1.63 / DRAWS**0.5  # the 1% point
    second = (start.flatten(1).T @ start.flatten(1)) / DRAWS
    expected = eps**2 / (D + 2) * torch.eye(D, dtype=torch.float64)
    assert_close(second, expected, rtol=0, atol=6 * eps**2 / (D + 2) * (2 / DRAWS) ** 0.5)
    assert float(start.flatten(1).mean(0).abs().max()) < 5 * eps / (D + 2) ** 0.5 / DRAWS**0.5


def test_the_linf_start_is_uniform_in_the_cube(centres):
    """Mean 0, second moment eps²/3, fourth eps⁴/5, and uniform as a whole."""
    eps = 0.1
    start = (LinfBall(eps).start(centres, Noise(3).streams(centres)) - centres).flatten()
    count = start.numel()
    assert abs(float(start.mean())) < 5 * eps / (3 * count) ** 0.5
    assert abs(float((start**2).mean()) / (eps**2 / 3) - 1) < 5 * (0.8 / count) ** 0.5
    assert abs(float((start**4).mean()) / (eps**4 / 5) - 1) < 5 * (16 / 9 / count) ** 0.5
    assert kolmogorov((start / eps + 1) / 2) < 1.63 / count**0.5


@both
def test_starts_are_feasible_and_in_the_box(ball):
    """Also in float32, and where the box is active."""
    images = pictures(200).float()
    start = ball(0.3).start(images, Noise(0).streams(images))
    assert (float64_distance(ball, images, start) <= 0.3).all()
    assert start.min() >= 0
    assert start.max() <= 1
    assert not torch.equal(start, images)


@both
def test_distances_are_numpys(ball):
    """In float64, over all values of an image."""
    images, others = pictures(5).float(), pictures(5, seed=1).float()
    measured = ball(1.0).distance(images, others)
    assert measured.dtype == torch.float64
    np.testing.assert_allclose(measured.numpy(), float64_distance(ball, images, others), rtol=1e-14)


@pytest.mark.parametrize("eps", [-1.0, -1e-30, float("nan"), float("inf")])
@pytest.mark.parametrize("norm", ["l1", "l2", "linf"])
def test_no_ball_has_such_a_radius(norm, eps):
    """One sentence says so."""
    with pytest.raises(InvalidInputError, match="eps must be finite and >= 0"):
        threat_model(norm, eps)


def test_an_unknown_norm_is_named_with_the_known_ones():
    """Never None."""
    with pytest.raises(InvalidInputError, match="one of l1, l2, linf, got 'l3'"):
        threat_model("l3", 1.0)
    assert threat_model("l1", 0.5) == L1Ball(0.5)
    assert threat_model("l2", 0.5) == L2Ball(0.5)
    assert threat_model("linf", 0.5) == LinfBall(0.5)
