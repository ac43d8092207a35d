"""Gradient and SmoothGrad on classifiers whose gradients are known."""

from dataclasses import dataclass

import pytest
import torch
from torch.testing import assert_close
from toys import (
    SHAPE,
    SIZE,
    Listening,
    Quadratic,
    ReluNeuron,
    central,
    convolutional,
    labels,
    linear,
    normal,
    pictures,
)

from advviz.errors import InvalidInputError
from advviz.explain.gradient import gradient
from advviz.explain.smoothgrad import SmoothGradParams, smoothgrad
from advviz.models.classifier import Classifier
from advviz.noise import Noise
from advviz.objectives import Logit, Unit, away_from, towards
from advviz.protocol import run

W = normal(4, SIZE, seed=1)
B = normal(4, seed=2)


def smooth(network, images, objective, *, noise=None, **params):
    found = smoothgrad(images, objective, SmoothGradParams(**params), noise=noise or Noise(0))
    return run(found, network)


@dataclass(frozen=True)
class Antithetic:
    """Noise in pairs z, −z."""

    def streams(self, images):
        """Bind to images."""

        class Pairs:
            def normal(self, purpose, draw=0):
                sign = 1 if draw % 2 == 0 else -1
                return sign * Noise(0).streams(images).normal(purpose, draw // 2)

        return Pairs()


# --- the gradient ---------------------------------------------------------------


def test_the_gradient_of_a_linear_logit_is_its_weight():
    """W[target], at every image."""
    images, classes = pictures(4), labels(0, 3, 1, 1)
    found = run(gradient(images, Logit(classes)), linear(W, B))
    assert_close(found.attributions, W[classes].view(4, *SHAPE))
    assert_close(found.values, found.logits.gather(1, classes[:, None])[:, 0])
    assert_close(found.logits, images.flatten(1) @ W.T + B)


def test_the_gradient_of_the_cross_entropy_is_the_weight_times_the_error():
    """E5: Wᵀ (p − y)."""
    images, classes = pictures(4), labels(0, 3, 1, 1)
    found = run(gradient(images, away_from(classes)), linear(W, B))
    error = found.logits.softmax(1) - torch.nn.functional.one_hot(classes, 4)
    assert_close(found.attributions, (error @ W).view(4, *SHAPE), rtol=0, atol=1e-12)
    assert_close(
        found.values, torch.nn.functional.cross_entropy(found.logits, classes, reduction="none")
    )
    towards_it = run(gradient(images, towards(classes)), linear(W, B))
    assert torch.equal(towards_it.attributions, -found.attributions)


@pytest.mark.parametrize("network", [linear(W, B), convolutional(4)])
def test_the_sum_over_classes_weighted_by_probability_vanishes(network):
    """E5: Σ over k of p_k ∇CE_k = Wᵀ (p − p) = 0."""
    image = pictures(1)
    found = run(gradient(image.expand(4, -1, -1, -1), away_from(labels(0, 1, 2, 3))), network)
    probabilities = found.logits[0].softmax(0).view(4, 1, 1, 1)
    weighted = (probabilities * found.attributions).sum(0)
    assert_close(weighted, torch.zeros_like(weighted), rtol=0, atol=1e-12)


def test_the_gradient_agrees_with_finite_differences():
    """In float64, for a network with curvature, of a logit and of a hidden unit."""
    network, image = convolutional(), pictures(1)
    step = 1e-6
    moves = step * torch.eye(SIZE, dtype=torch.float64).view(SIZE, *SHAPE)
    for objective in (Logit(labels(2)), away_from(labels(2)), Unit("conv2", labels(4))):
        found = run(gradient(image, objective), network)
        many = objective.select(torch.zeros(SIZE, dtype=torch.long))
        up = run(gradient(image + moves, many), network).values
        down = run(gradient(image - moves, many), network).values
        assert_close(found.attributions.flatten(), (up - down) / (2 * step), rtol=0, atol=1e-7)


def test_a_gradient_does_not_depend_on_its_batch():
    """E9."""
    network, images, classes = convolutional(), pictures(5), labels(0, 1, 2, 0, 1)
    together = run(gradient(images, away_from(classes)), network)
    for row in range(5):
        alone = run(gradient(images[row : row + 1], away_from(classes[row : row + 1])), network)
        assert_close(alone.attributions[0], together.attributions[row], rtol=0, atol=1e-12)


# --- SmoothGrad --------------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 7, 8, 9, 20])
@pytest.mark.parametrize(("sigma", "unit"), [(0.0, "range"), (0.15, "range"), (3.0, "absolute")])
def test_smoothgrad_of_a_linear_model_is_its_gradient(samples, sigma, unit):
    """E6: whatever the noise and the number of samples."""
    images, classes = pictures(3), labels(0, 3, 1)
    found = smooth(
        linear(W, B), images, Logit(classes), samples=samples, sigma=sigma, sigma_unit=unit
    )
    exact = run(gradient(images, Logit(classes)), linear(W, B))
    assert_close(found.attributions, exact.attributions, rtol=0, atol=1e-12)
    assert torch.equal(found.values, exact.values)
    assert torch.equal(found.logits, exact.logits)


def test_smoothgrad_of_a_quadratic_is_exact_with_antithetic_noise():
    """E6: the gradient A x + w is linear in the noise, and z − z = 0."""
    matrix = normal(SIZE, SIZE, seed=3)
    network = Classifier(Quadratic(matrix + matrix.T, W[0]))
    images = pictures(2)
    words = {"samples": 10, "sigma": 0.5, "sigma_unit": "absolute"}
    exact = run(gradient(images, Logit(labels(0, 0))), network).attributions
    paired = smooth(network, images, Logit(labels(0, 0)), noise=Antithetic(), **words)
    assert_close(paired.attributions, exact, rtol=0, atol=1e-11)
    drawn = smooth(network, images, Logit(labels(0, 0)), **words)
    assert (drawn.attributions - exact).abs().max() > 0.1, "without pairs, noise remains"


def test_smoothgrad_of_a_relu_neuron_smooths_its_step():
    """E6: w · Φ((w·x + b) / (σ‖w‖)), within 5 standard errors; and squared, w² · Φ."""
    weight, images, sigma, samples = W[0], central(3), 0.3, 4000
    scores = images.flatten(1) @ weight
    network = Classifier(ReluNeuron(weight, float(0.1 * weight.norm() - scores.mean())))
    share = torch.special.ndtr((scores + network.module.bias) / (sigma * weight.norm()))
    error = 5 * (share * (1 - share) / samples).sqrt()
    for magnitude, slope in (("signed", weight), ("squared", weight**2)):
        found = smooth(
            network, images, Logit(labels(0, 0, 0)), samples=samples, sigma=sigma,
            sigma_unit="absolute", magnitude=magnitude,
        )  # fmt: skip
        counted = found.attributions.flatten(1) / slope
        assert_close(counted, counted[:, :1].expand_as(counted))
        assert ((counted[:, 0] - share).abs() < error).all()
    assert ((share > 0.1) & (share < 0.9)).any(), "some image lies near the step"


def test_sigma_is_absolute_or_a_fraction_of_each_images_range():
    """A rowwise max − min, as in the paper."""
    images = torch.stack([pictures(1)[0] * 0.5, pictures(1)[0] * 0.1 + 0.2])
    spread = images.flatten(1).amax(1) - images.flatten(1).amin(1)
    ranged = SmoothGradParams(sigma=0.15).deviations(images)
    absolute = SmoothGradParams(sigma=0.15, sigma_unit="absolute").deviations(images)
    assert_close(ranged.flatten(), 0.15 * spread)
    assert absolute.flatten().tolist() == [0.15, 0.15]


@pytest.mark.parametrize("unit", ["range", "absolute"])
def test_the_noise_has_the_stated_deviation_and_is_not_clamped(unit):
    """Measured on what the network is asked."""
    images = pictures(2)
    network = Listening(linear(W, B))
    smooth(network, images, Logit(labels(0, 1)), samples=400, sigma=0.4, sigma_unit=unit)
    seen = [query.images for query in network.queries]
    noise = torch.cat(seen[:-1]).view(400, *images.shape) - images
    expected = SmoothGradParams(sigma=0.4, sigma_unit=unit).deviations(images).flatten()
    measured = noise.transpose(0, 1).flatten(1).std(1)
    assert ((measured / expected - 1).abs() < 5 / (2 * 400 * SIZE) ** 0.5).all()
    assert torch.cat(seen[:-1]).min() < 0
    assert torch.cat(seen[:-1]).max() > 1
    assert torch.equal(seen[-1], images), "values and logits are of the image without noise"


def test_squared_averages_the_squares():
    """SmoothGrad² of a linear model is W²."""
    found = smooth(linear(W, B), pictures(1), Logit(labels(2)), samples=5, magnitude="squared")
    assert_close(found.attributions.flatten(), W[2] ** 2)


def test_sample_i_is_the_same_whatever_the_number_of_samples():
    """The mean of 16 is the mean of the means of the first 8 and of the rest."""
    network, images, objective = convolutional(), pictures(2), away_from(labels(0, 1))
    means = {n: smooth(network, images, objective, samples=n).attributions for n in (3, 4, 16, 17)}
    fourth = 4 * means[4] - 3 * means[3]
    seventeenth = 17 * means[17] - 16 * means[16]
    streams = Noise(0).streams(images)
    deviations = SmoothGradParams().deviations(images)
    for draw, expected in ((3, fourth), (16, seventeenth)):
        noisy = images + deviations * streams.normal("smoothgrad", draw)
        alone = run(gradient(noisy, objective), network).attributions
        assert_close(alone, expected, rtol=0, atol=1e-11)


def test_smoothgrad_does_not_depend_on_its_batch():
    """E9, in float64 to 1e-12."""
    network, images, classes = convolutional(), pictures(4), labels(0, 1, 2, 0)
    together = smooth(network, images, away_from(classes), samples=11)
    for row in range(4):
        alone = smooth(
            network, images[row : row + 1], away_from(classes[row : row + 1]), samples=11
        )
        assert_close(alone.attributions[0], together.attributions[row], rtol=0, atol=1e-12)


def test_another_seed_gives_another_map():
    """And the same seed the same."""
    network, images, objective = convolutional(), pictures(1), Logit(labels(0))
    first, again, other = (
        smooth(network, images, objective, samples=4, noise=Noise(seed)).attributions
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"samples": 0}, "samples must be >= 1, got 0"),
        ({"sigma": -0.1}, "sigma must be finite and >= 0, got -0.1"),
        ({"sigma": float("inf")}, "sigma must be finite"),
        ({"sigma_unit": "percent"}, "sigma_unit must be range or absolute, got 'percent'"),
        ({"magnitude": "cubed"}, "magnitude must be signed or squared, got 'cubed'"),
    ],
)
def test_smoothgrad_refuses_what_averages_nothing(words, message):
    """One sentence."""
    with pytest.raises(InvalidInputError, match=message):
        SmoothGradParams(**words)
