"""Feature visualization: plain ascent on toys, and the Fourier parameterization."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close
from toys import SIZE, binary, central, convolutional, labels, normal, pictures

from advviz.errors import InvalidInputError
from advviz.experiments.specs import VisualizeSpec
from advviz.featurevis.ascent import AscentParams, ascent, noise_images
from advviz.featurevis.fourier import (
    FourierParams,
    fourier_ascent,
    frequencies,
    seen_through,
    to_pixels,
)
from advviz.models.records import record
from advviz.noise import Noise
from advviz.objectives import Logit, Unit
from advviz.protocol import Query, run

W = normal(SIZE, seed=11)
STILL = {"jitter": 0.0, "zoom": 0.0, "turn": 0.0}


def drawn(network, start, objective, *, seed=0, **params):
    return run(ascent(start, objective, AscentParams(**params), noise=Noise(seed)), network)


# --- plain ascent -----------------------------------------------------------------


def test_ascent_on_a_linear_unit_walks_straight():
    """n steps of a: x + n · a · w / ‖w‖, until the ball ends."""
    start = central(2)
    direction = (W / W.norm()).view(1, 3, 4, 4)
    inside = drawn(binary(W), start, Logit(labels(1, 1)), eps=10, step_size=0.05, steps=6)
    assert_close(inside.pictures, start + 0.3 * direction, rtol=0, atol=1e-12)
    stopped = drawn(binary(W), start, Logit(labels(1, 1)), eps=0.2, step_size=0.05, steps=6)
    assert_close(stopped.pictures, start + 0.2 * direction, rtol=0, atol=1e-9)


def test_ascent_at_a_large_eps_is_bounded_by_the_box_alone():
    """The tutorial's eps of 1000: every pixel ends at its better end."""
    found = drawn(binary(W), pictures(1), Logit(labels(1)), eps=1000, step_size=5, steps=40)
    assert torch.equal(found.pictures.flatten(), (W > 0).double())


def test_values_are_of_the_pictures_before_each_step_and_at_the_end():
    """[T, N], and an exact last one."""
    start, objective = pictures(2), Unit("conv2", labels(0, 5))
    found = drawn(convolutional(), start, objective, eps=10, step_size=0.1, steps=5)
    shorter = drawn(convolutional(), start, objective, eps=10, step_size=0.1, steps=3)
    assert found.values.shape == (5, 2)
    assert torch.equal(found.values[:3], shorter.values)
    assert_close(found.values[3], shorter.final_values)
    answer = convolutional().answer(Query(found.pictures, objective))
    assert torch.equal(found.final_values, answer.values)
    assert torch.equal(found.logits, answer.logits)
    assert (found.final_values > found.values[0]).all()
    assert torch.equal(found.start, start)


def test_ascent_stays_in_ball_and_box():
    """Measured in float64, from float32 pictures."""
    network = convolutional()
    network.module.float()
    start = pictures(3).float()
    found = drawn(network, start, Logit(labels(0, 1, 2)), eps=0.7, step_size=0.3, steps=10)
    change = found.pictures.double() - start.double()
    assert (change.flatten(1).norm(dim=1) <= 0.7).all()
    assert found.pictures.min() >= 0
    assert found.pictures.max() <= 1


def test_ascent_at_eps_zero_returns_the_start_bitwise():
    """E9."""
    start = pictures(2)
    found = drawn(convolutional(), start, Logit(labels(0, 1)), eps=0.0, step_size=0.5, steps=3)
    assert torch.equal(found.pictures, start)


def test_ascent_moves_where_there_is_no_gradient():
    """In a random direction, by the row's own noise."""
    start = central(2)
    flat = binary(torch.zeros_like(W))
    first, again, other = (
        drawn(flat, start, Logit(labels(0, 0)), eps=1, step_size=0.05, steps=4, seed=seed).pictures
        for seed in (0, 0, 1)
    )
    moved = (first - start).flatten(1).norm(dim=1)
    assert_close(moved, torch.full((2,), 0.2, dtype=torch.float64), rtol=0, atol=1e-6)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_ascent_does_not_depend_on_its_batch():
    """E9, in float64 to 1e-12; the start is not changed."""
    start, classes = pictures(4), labels(0, 1, 2, 0)
    kept = start.clone()
    words = {"eps": 2.0, "step_size": 0.2, "steps": 8}
    together = drawn(convolutional(), start, Logit(classes), **words)
    assert torch.equal(start, kept)
    for row in range(4):
        alone = drawn(convolutional(), start[row : row + 1], Logit(classes[row : row + 1]), **words)
        assert_close(alone.pictures[0], together.pictures[row], rtol=0, atol=1e-12)


def test_starting_noise_is_clamped_gaussian_and_follows_the_seed():
    """Mean ½, deviation ¼, cut to the box: one in 44 below, one in 44 above."""
    like = pictures(200)
    noise = noise_images(like, Noise(0))
    count = noise.numel()
    share = 0.022750131948179195  # P(z < −2)
    for end in (0.0, 1.0):
        counted = float((noise == end).double().mean())
        assert abs(counted - share) < 5 * (share * (1 - share) / count) ** 0.5
    assert torch.equal(noise, noise_images(like, Noise(0)))
    assert not torch.equal(noise, noise_images(like, Noise(1)))


@pytest.mark.parametrize(
    "words",
    [{"eps": -1.0}, {"eps": float("nan")}, {"step_size": -1.0}, {"steps": 0}],
)
def test_ascent_refuses_what_draws_nothing(words):
    """One sentence that names the value."""
    (name,) = words
    with pytest.raises(InvalidInputError, match=f"{name} must be"):
        AscentParams(**words)


# --- Fourier ------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 9), (6, 7), (9, 4)])
def test_frequencies_are_those_of_the_real_transform(height, width):
    """Also for odd sizes: a wave of that frequency has that entry alone."""
    grid = frequencies(height, width)
    assert grid.shape == (height, width // 2 + 1)
    rows = torch.arange(height, dtype=torch.float64)[:, None]
    columns = torch.arange(width, dtype=torch.float64)[None]
    for u, v in ((1, 2), (2, 0), (height - 1, 1)):
        wave = torch.cos(2 * torch.pi * (u * rows / height + v * columns / width))
        entry = torch.fft.rfft2(wave).abs()[u, v]
        assert_close(float(entry), height * width / 2, rtol=1e-9, atol=0)
        signed = u if u <= height // 2 else u - height
        expected = ((signed / height) ** 2 + (v / width) ** 2) ** 0.5
        assert_close(float(grid[u, v]), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 9), (6, 7)])
def test_pixels_of_a_zero_spectrum_are_grey(height, width):
    """sigmoid(0)."""
    spectrum = torch.zeros(2, 3, height, width // 2 + 1, 2, dtype=torch.float64)
    pixels = to_pixels(spectrum, height, width)
    assert pixels.shape == (2, 3, height, width)
    assert (pixels == 0.5).all()


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 9), (6, 7)])
def test_the_parameterization_can_be_undone(height, width):
    """E10: irfft2 and rfft2, colours and their inverse, sigmoid and logit."""
    spectrum = normal(1, 3, height, width // 2 + 1, 2)
    # A real picture has no imaginary part in its mean and at the half frequencies.
    waves = torch.fft.irfft2(torch.view_as_complex(spectrum), s=(height, width))
    spectrum = torch.view_as_real(torch.fft.rfft2(waves)).contiguous()
    mixed = to_pixels(spectrum, height, width).logit()
    again = to_pixels(2 * spectrum, height, width).logit()
    assert_close(again, 2 * mixed, rtol=1e-9, atol=1e-9)
    power = torch.fft.rfft2(mixed).abs().sum(1) > 1e-9
    assert power.all(), "every frequency can be drawn"


def test_what_is_seen_without_transformations_is_the_picture():
    """No shift, zoom or turn."""
    pixels = pictures(2, (3, 8, 8))
    streams = Noise(0).streams(pixels)
    seen = seen_through(pixels, FourierParams(**STILL), streams, 0)
    assert_close(seen, pixels, rtol=0, atol=1e-12)


def test_the_transformations_are_bounded_and_change_at_every_step():
    """A shift of at most `jitter` pixels, told by the picture's centre of mass."""
    spot = torch.zeros(1, 3, 33, 33, dtype=torch.float64)
    spot[..., 16, 16] = 1
    params = FourierParams(jitter=3.0, zoom=0.0, turn=0.0)
    places = torch.arange(33, dtype=torch.float64)
    centres = []
    for step in range(30):
        seen = seen_through(spot, params, Noise(0).streams(spot), step)[0, 0]
        mass = seen.sum()
        centres.append((float((seen.sum(1) * places).sum() / mass) - 16,
                        float((seen.sum(0) * places).sum() / mass) - 16))  # fmt: skip
    sizes = [abs(c) for pair in centres for c in pair]
    assert max(sizes) <= 3 + 1e-9
    assert max(sizes) > 2
    assert len(set(centres)) == 30


def fourier(network, like, objective, *, seed=0, **params):
    found = fourier_ascent(like, objective, FourierParams(**params), noise=Noise(seed))
    return run(found, network)


def test_fourier_ascent_raises_its_objective():
    """Of every row, on a linear and on a convolutional network."""
    like = pictures(3)
    for network, objective in (
        (binary(W), Logit(labels(1, 0, 1))),
        (convolutional(), Unit("conv2", labels(0, 1, 2))),
    ):
        found = fourier(network, like, objective, steps=30, **STILL)
        assert (found.final_values > found.values[0]).all()
        assert found.pictures.shape == like.shape
        assert found.pictures.min() > 0
        assert found.pictures.max() < 1
        assert torch.equal(
            found.final_values, network.answer(Query(found.pictures, objective)).values
        )


def test_the_first_fourier_step_is_adams():
    """Every coefficient moves by the learning rate along the sign of its gradient."""
    like, objective = pictures(1), Logit(labels(1))
    found = fourier(binary(W), like, objective, steps=1, learning_rate=0.05, **STILL)
    streams = Noise(0).streams(like)
    drawn_numbers = torch.stack([streams.normal("real"), streams.normal("imaginary")], -1)
    spectrum = (0.01 * drawn_numbers[..., :3, :]).contiguous().requires_grad_(True)
    pixels = to_pixels(spectrum, 4, 4)
    assert torch.equal(found.start, pixels.detach())
    (slope,) = torch.autograd.grad(binary(W).module(pixels)[0, 1], spectrum)
    # Adam's epsilon of 1e-8 shortens the step where the gradient is small.
    moved = spectrum.detach() + 0.05 * slope / (slope.abs() + 1e-8)
    assert_close(found.pictures, to_pixels(moved, 4, 4), rtol=0, atol=1e-9)


def test_fourier_ascent_does_not_depend_on_its_batch():
    """Adam works coefficient by coefficient."""
    like, classes = pictures(3), labels(0, 1, 2)
    together = fourier(convolutional(), like, Logit(classes), steps=6)
    for row in range(3):
        alone = fourier(
            convolutional(), like[row : row + 1], Logit(classes[row : row + 1]), steps=6
        )
        assert_close(alone.pictures[0], together.pictures[row], rtol=0, atol=1e-10)


def test_fourier_ascent_follows_its_seed():
    """Start and transformations."""
    like, objective = pictures(1), Logit(labels(0))
    first, again, other = (
        fourier(convolutional(), like, objective, steps=3, seed=seed).pictures for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    "words",
    [
        {"steps": 0},
        {"learning_rate": -1.0},
        {"jitter": float("nan")},
        {"zoom": -0.1},
        {"turn": -1.0},
    ],
)
def test_fourier_refuses_what_draws_nothing(words):
    """One sentence that names the value."""
    (name,) = words
    with pytest.raises(InvalidInputError, match=f"{name} must be"):
        FourierParams(**words)


@pytest.mark.parametrize(
    ("model", "lengths"),
    [("tiny14-standard", (40.0, 0.5)), ("imagenet-resnet18-v1", (140.0, 1.75))],
)
def test_the_ball_of_a_drawing_grows_with_the_side_of_the_picture(model, lengths):
    """The same change of every pixel is as far at every size; what is given stays as it is."""
    spec = VisualizeSpec(model=model, unit="unit:0")
    assert spec.resolved_sizes(record(model)) == lengths
    given = replace(spec, eps=1000.0, step_size=5.0)
    assert given.resolved_sizes(record(model)) == (1000.0, 5.0)
