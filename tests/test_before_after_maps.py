"""Maps before and after an attack: what they are held against, and what cannot be compared."""

import pytest
import torch
from torch.testing import assert_close
from toys import Listening, convolutional, generator, labels, linear, normal, pictures

from advviz.errors import InvalidInputError
from advviz.explain.before_after import before_after, noisy_copies
from advviz.explain.gradient import gradient
from advviz.explain.similarity import rank_correlation, similarity
from advviz.explain.smoothgrad import SmoothGradParams, smoothgrad
from advviz.explain.surrogates import surrogates
from advviz.noise import Noise
from advviz.objectives import Logit
from advviz.protocol import run

SHAPE = (3, 16, 16)
SIZE = 3 * 16 * 16


def by_gradient(images, index, _again):
    found = yield from gradient(images, Logit(labels(index)))
    return found.attributions


def by_smoothgrad(images, index, again):
    noise, params = Noise(int(again)), SmoothGradParams(samples=4, sigma=0.3)
    found = yield from smoothgrad(images, Logit(labels(index)), params, noise=noise)
    return found.attributions


def compared(network, mapper, *, is_random=False, draws=20, attacked=None):
    clean, photos = pictures(1, SHAPE), pictures(2, SHAPE, seed=1)
    if attacked is None:
        attacked = (clean + 0.2 * normal(1, *SHAPE, seed=2)).clamp(0, 1)
    words = {"draws": draws, "is_random": is_random, "noise": Noise(0)}
    return run(before_after(clean, attacked, (0, 1), mapper, photos, **words), network)


def test_no_attack_changes_the_map_of_a_linear_model():
    """Its gradient is the class's weights at every picture: all figures are 1 but chance's."""
    weights = normal(3, SIZE)
    found = compared(linear(weights), by_gradient)
    for figures in (found.pairs.rank[:2], found.noisy.ssim, found.photos.overlap):
        assert_close(figures, torch.ones_like(figures))
    assert found.seeds is None
    assert_close(found.maps[:, 0], weights[:2].view(2, *SHAPE))
    between = rank_correlation(*(w.view(1, *SHAPE).abs().sum(1) for w in weights[:2]))
    assert_close(found.pairs.rank[2:], between.repeat(2))
    assert found.random.rank.abs().max() < 0.3


def test_rows_are_the_pairs_that_they_are_said_to_be():
    """Each figure once more, from maps made one by one."""
    network = convolutional()
    found = compared(network, by_gradient)
    for row, (one, other) in enumerate(
        [((0, 0), (0, 1)), ((1, 0), (1, 1)), ((0, 0), (1, 0)), ((0, 1), (1, 1))]
    ):
        again = similarity(found.maps[one][None], found.maps[other][None])
        for name in ("rank", "signed_rank", "ssim", "overlap"):
            assert_close(getattr(found.pairs, name)[row : row + 1], getattr(again, name))
    clean = pictures(1, SHAPE)
    direct = run(by_gradient(clean, 1, False), network)
    assert_close(found.maps[1, 0], direct[0])


def test_other_seeds_are_tried_where_the_method_draws_numbers():
    """And a nervous network's two seeds disagree."""
    found = compared(convolutional(), by_smoothgrad, is_random=True)
    assert found.seeds.rank.shape == (1,)
    assert found.seeds.rank.item() < 1


def test_a_map_without_any_contrast_is_not_compared():
    """A saturated network's gradient is zero: NaN everywhere, never a figure."""
    found = compared(linear(torch.zeros(3, SIZE, dtype=torch.float64)), by_gradient)
    for figures in (found.pairs.rank, found.photos.ssim, found.random.overlap):
        assert figures.isnan().all()


def test_noise_is_as_long_as_the_attack():
    """In L2, exactly where the box is far."""
    clean = torch.full((1, *SHAPE), 0.5, dtype=torch.float64)
    attacked = clean + 0.01 * normal(1, *SHAPE)
    copies = noisy_copies(clean, attacked, 3, Noise(0))
    lengths = (copies - clean).flatten(1).norm(dim=1)
    assert_close(lengths, (attacked - clean).norm().expand(3))
    assert not torch.equal(copies[0], copies[1])
    assert torch.equal(noisy_copies(clean, clean, 1, Noise(0)), clean)


def test_maps_of_the_same_picture_are_asked_for_once():
    """Two classes before and after, two noisy copies, two photos: eight maps and no more."""
    network = Listening(convolutional())
    compared(network, by_gradient)
    assert len(network.queries) == 8


# --- random maps of the same spectrum --------------------------------------------


def blobs(side=32, width=3.0):
    """A smooth map [1, S, S]: white noise, blurred."""
    noise = torch.randn(1, side, side, generator=generator(5), dtype=torch.float64)
    far = torch.fft.fftfreq(side, dtype=torch.float64)
    near = torch.exp(-2 * (torch.pi * width) ** 2 * (far[:, None] ** 2 + far**2))
    return torch.fft.ifft2(torch.fft.fft2(noise) * near).real


def test_a_surrogate_has_the_values_and_nearly_the_spectrum():
    """The values to the last bit; of the spectrum, the power at low frequencies."""
    one = blobs()
    drawn = surrogates(one, 8, noise=Noise(0))
    assert drawn.shape == (8, 1, 32, 32)
    for each in drawn:
        assert torch.equal(each.flatten().sort().values, one.flatten().sort().values)
    power, of_drawn = (torch.fft.rfft2(each - each.mean()).abs() ** 2 for each in (one[0], drawn))
    of_drawn = of_drawn.mean((0, 1))
    shares = [float(p[:4, :4].sum() / p.sum()) for p in (power, of_drawn)]
    assert shares[1] == pytest.approx(shares[0], rel=0.15)


def test_smooth_maps_agree_by_chance_far_more_than_rough_ones():
    """Which is why chance is measured on maps of the same spectrum."""
    spreads = []
    for one in (blobs(), torch.randn(1, 32, 32, generator=generator(6), dtype=torch.float64)):
        drawn = surrogates(one, 60, noise=Noise(0))[:, 0]
        spreads.append(float(rank_correlation(drawn[::2], drawn[1::2]).std()))
    assert spreads[0] > 3 * spreads[1]


def test_surrogates_depend_on_the_seed_and_on_no_other_map():
    """One stream a map."""
    two = torch.cat([blobs(), blobs().flip(1) ** 2])
    together, alone = surrogates(two, 2, noise=Noise(3)), surrogates(two[1:], 2, noise=Noise(3))
    assert torch.equal(together[:, 1:], alone)
    assert not torch.equal(alone, surrogates(two[1:], 2, noise=Noise(4)))
    with pytest.raises(InvalidInputError, match="at least one"):
        surrogates(two, 0, noise=Noise(0))
