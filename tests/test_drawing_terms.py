"""What drawings raise beside a class: directions, sums at one tap and at several, and apart."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close
from toys import Convolutional, built, labels, normal, pictures

from advviz.errors import InvalidInputError, UnknownNameError
from advviz.featurevis.activations import activations
from advviz.featurevis.ascent import AscentParams, ascent
from advviz.featurevis.diversity import Apart, Unlike, grams, pushed
from advviz.featurevis.goal import Goal
from advviz.featurevis.terms import Closeness, Direction, Weighted
from advviz.models.classifier import Classifier
from advviz.noise import Noise
from advviz.objectives import Logit, Unit, pooled
from advviz.protocol import Query, run

FEATURES = normal(4, 6, 5, 7)
VECTORS = normal(4, 6, seed=2)


def convolutional() -> Classifier:
    return Classifier(built(Convolutional))


def put_out(network: Classifier, images: torch.Tensor) -> torch.Tensor:
    """What `conv` gives, with its history: by a hook, and nothing of ours."""
    found = []
    handle = network.module.conv.register_forward_hook(lambda _m, _i, out: found.append(out))
    network.module(images)
    handle.remove()
    return found[0]


def test_a_direction_is_linear_and_a_unit_is_one():
    """dot(a) − dot(b) is dot(a − b); along a unit vector it is that unit; a cosine has no size."""
    a, b = Direction("conv", VECTORS), Direction("conv", VECTORS.flip(0))
    difference = Direction("conv", VECTORS - VECTORS.flip(0))
    assert_close(difference.values(FEATURES), a.values(FEATURES) - b.values(FEATURES))
    one = torch.eye(6, dtype=FEATURES.dtype)[[2, 0, 5, 2]]
    units = Unit("conv", labels(2, 0, 5, 2))
    assert_close(Direction("conv", one).values(FEATURES), units.values(FEATURES))
    cosine = Direction("conv", VECTORS, cosine=True)
    assert_close(cosine.values(FEATURES), cosine.values(3 * FEATURES))
    own = Direction("conv", pooled(FEATURES, "conv"), cosine=True)
    assert_close(own.values(FEATURES), torch.ones(4, dtype=FEATURES.dtype))


def test_a_direction_of_another_length_is_refused():
    with pytest.raises(InvalidInputError, match="must have 6 numbers, got 5"):
        Direction("conv", VECTORS[:, :5]).values(FEATURES)


def test_closeness_is_nothing_there_and_minus_one_without_features():
    close = Closeness("conv", FEATURES)
    assert close.values(FEATURES).tolist() == [0.0] * 4
    assert_close(close.values(0 * FEATURES), -torch.ones(4, dtype=FEATURES.dtype))
    away = FEATURES + 1
    distance = (away - FEATURES).flatten(1).norm(dim=1) / FEATURES.flatten(1).norm(dim=1)
    assert_close(close.values(away), -distance)


def test_sums_obey_arithmetic_row_by_row():
    """(a − 2 b)(x) = a(x) − 2 b(x), also of selected rows."""
    a, b = Unit("conv", labels(0, 1, 2, 3)), Direction("conv", VECTORS)
    weights = torch.tensor([[1.0, -2.0]]).repeat(4, 1)
    total = Weighted((a, b), weights)
    wanted = a.values(FEATURES) - 2 * b.values(FEATURES)
    assert_close(total.values(FEATURES), wanted)
    rows = labels(3, 0, 3)
    assert_close(total.select(rows).values(FEATURES[rows]), wanted[rows])
    with pytest.raises(InvalidInputError, match="one tap"):
        Weighted((a, Logit(labels(0, 0, 0, 0))), weights)


def test_terms_at_two_taps_add_up_in_values_and_gradients():
    """As if one query could look at both."""
    images, network = pictures(3), convolutional()
    logit, unit = Logit(labels(0, 1, 2)), Unit("conv", labels(2, 1, 0))
    found = run(Goal((logit, unit)).ask(images), network)
    one, other = (network.answer(Query(images, each)) for each in (logit, unit))
    assert_close(found.values, one.values + other.values)
    assert_close(found.gradients, one.gradients + other.gradients)
    assert torch.equal(found.logits, one.logits)


def test_activations_are_those_of_the_module_and_an_unknown_layer_is_refused():
    images, network = pictures(3), convolutional()
    found = run(activations(images, "conv"), network)
    assert_close(found, put_out(network, images))
    with pytest.raises(UnknownNameError, match="no layer called 'nowhere'"):
        run(activations(images, "nowhere"), network)


def test_the_push_is_the_gradient_of_all_pairs():
    """Holding the others still, row by row, gives the slope of the sum over pairs."""
    images, network = pictures(3), convolutional()
    free = images.clone().requires_grad_()
    flat = grams(put_out(network, free)).flatten(1)
    pairs = (flat @ flat.T).triu(1).sum()
    (slope,) = torch.autograd.grad(-pairs, free)
    none = torch.zeros_like(images)
    found = run(pushed(images, none, Apart("conv", 1.0)), network)
    assert_close(found, slope / slope.flatten(1).norm(dim=1)[:, None, None, None])


def test_pictures_that_are_pushed_apart_are_less_alike():
    """Than those that are not, from the same starts; and one alone is not pushed."""
    start, network = pictures(4), convolutional()
    unit = Unit("conv2", labels(1, 1, 1, 1))
    params = AscentParams(eps=2.0, step_size=0.1, steps=20)

    def alike(strength: float) -> float:
        goal = Goal((unit,), Apart("conv", strength))
        found = run(ascent(start, goal, params, noise=Noise(0)), network).pictures
        flat = grams(put_out(network, found)).flatten(1)
        return float((flat @ flat.T).triu(1).sum())

    assert alike(2.0) < alike(0.0)
    plain = run(ascent(start, unit, params, noise=Noise(0)), network).pictures
    still = run(ascent(start, Goal((unit,), Apart("conv", 0.0)), params, noise=Noise(0)), network)
    assert torch.equal(plain, still.pictures)


def test_gram_matrices_have_length_one_whatever_the_layer_puts_out():
    for found in (normal(2, 5), normal(2, 7, 5), normal(2, 5, 3, 3)):
        lengths = grams(found).flatten(1).norm(dim=1)
        assert grams(found).shape == (2, 5, 5)
        assert_close(lengths, torch.ones_like(lengths))
    assert Unlike("conv", grams(FEATURES)).values(FEATURES).tolist() == pytest.approx([-1.0] * 4)


@pytest.mark.parametrize("strength", [-0.1, float("nan")])
def test_a_push_that_is_none_is_refused(strength):
    with pytest.raises(InvalidInputError, match="diversity must be"):
        Apart("conv", strength)


def test_outside_of_a_region_every_pixel_stays_and_inside_it_moves():
    """Bit for bit, also where the ball shrinks the change; and the ball holds."""
    start, network = pictures(2).float(), Classifier(built(Convolutional).float())
    region = torch.zeros(1, 1, *start.shape[2:])
    region[..., :2, 1:] = 1
    params = AscentParams(eps=0.3, step_size=0.2, steps=9)
    found = run(
        ascent(start, Unit("conv2", labels(1, 2)), params, noise=Noise(0), region=region), network
    ).pictures
    outside = (region == 0).expand_as(start)
    assert torch.equal(found[outside], start[outside])
    moved = (found - start).flatten(1).double().norm(dim=1)
    assert (moved > 0.1).all()
    assert (moved <= 0.3).all()


def test_steps_that_fall_arrive_where_steps_of_one_length_circle():
    """The features of another picture are reached more closely."""
    images, network = pictures(2), convolutional()
    wanted = run(activations(images[1:], "conv"), network)

    def distance(falling: bool) -> float:
        params = AscentParams(eps=10, step_size=0.3, steps=60, falling=falling)
        goal = Closeness("conv", wanted)
        found = run(ascent(images[:1], goal, params, noise=Noise(0)), network)
        return -float(found.final_values[0])

    assert distance(True) < 0.3 * distance(False)
    lengths = [AscentParams(steps=4, step_size=1.0, falling=True).length(s) for s in range(4)]
    assert np.allclose(lengths, [1, 0.75, 0.5, 0.25])
