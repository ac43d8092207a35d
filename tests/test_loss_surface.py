"""The loss around an image: flat where the model is, with the picture and the attack on it."""

import pytest
import torch
from attack_toys import W, asked, best_direction
from toys import Listening, central, convolutional, linear, normal

from advviz.attacks.loss_surface import loss_surface
from advviz.errors import InvalidInputError
from advviz.noise import Noise
from advviz.protocol import run

IMAGES = central(1)
ATTACKED = IMAGES + 0.1 * best_direction("l2")


def surface(network, points=21, seed=0, attacked=ATTACKED):
    return run(loss_surface(IMAGES, attacked, points, noise=Noise(seed)), network)


def test_of_a_linear_model_it_is_a_plane():
    """And it rises along the attack by eps · ‖w‖, in any other direction by what is orthogonal."""
    weight = torch.stack([W, normal(48, seed=4)])
    found = surface(linear(weight))
    for k in range(2):
        z = found.logits[..., k]
        assert z.diff(n=2, dim=0).abs().max() < 1e-9
        assert z.diff(n=2, dim=1).abs().max() < 1e-9
    rise = found.logits[:, 1:, 0] - found.logits[:, :-1, 0]
    step = float(found.along[1] - found.along[0])
    torch.testing.assert_close(rise, torch.full_like(rise, 0.1 * float(W.norm()) * step))
    assert found.logits[:, 8, 0].std() < 1e-9  # orthogonal to w: the first logit does not change


@pytest.mark.parametrize("points", [11, 21, 41])
def test_the_picture_and_the_attacked_picture_are_points_of_the_grid(points):
    network = convolutional()
    found = surface(network, points)
    middle = points // 2
    assert found.across[middle] == 0
    for place, image in ((0.0, IMAGES), (1.0, ATTACKED)):
        (column,) = (found.along - place).abs().lt(1e-12).nonzero().flatten().tolist()
        torch.testing.assert_close(found.logits[middle, column], run(asked(image), network)[0])


def test_the_directions_are_orthogonal_and_of_one_length():
    network = Listening(convolutional())
    found = surface(network, 11)
    lines = torch.stack([query.images for query in network.queries])
    along = (lines[0, -1] - lines[0, 0]).flatten() / 2.5
    across = (lines[-1, 0] - lines[0, 0]).flatten() / 2.5
    assert float(along @ across) == pytest.approx(0, abs=1e-12)
    assert float(along.norm()) == pytest.approx(float(across.norm())) == pytest.approx(0.1)
    assert found.length == pytest.approx(0.1)
    assert all(query.exact and not query.gradient for query in network.queries)


def test_another_seed_is_another_direction():
    assert not torch.equal(
        surface(convolutional(), 11).logits, surface(convolutional(), 11, 1).logits
    )


def test_an_attack_without_a_change_is_refused_in_words():
    with pytest.raises(InvalidInputError, match="has no direction; use more strength"):
        surface(convolutional(), attacked=IMAGES)
