"""How alike maps are, against SciPy, scikit-image, closed forms and chance."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity as skimage_ssim
from torch.testing import assert_close

from advviz.errors import InvalidInputError
from advviz.explain.similarity import (
    amounts,
    as_drawn,
    chance_overlap,
    rank_correlation,
    similarity,
    structural_similarity,
    top_overlap,
)
from advviz.pictures.maps import ink_scale


def maps(seed, *, rows=3, side=16, levels=None):
    """Random maps [N, side, side] in [0, 1]; with few levels, full of ties."""
    found = torch.rand(
        rows, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    return found if levels is None else (found * levels).floor()


@pytest.mark.parametrize("levels", [None, 4], ids=["distinct", "ties"])
def test_rank_correlation_is_scipys(levels):
    """Row by row, with and without ties."""
    one, other = maps(0, levels=levels), maps(1, levels=levels)
    other = other + 0.5 * one
    pairs = zip(one, other, strict=True)
    wanted = [spearmanr(a.flatten(), b.flatten()).statistic for a, b in pairs]
    assert_close(rank_correlation(one, other), torch.tensor(wanted), atol=1e-12, rtol=0)


def test_only_the_order_counts_for_rank_correlation():
    """A rising function leaves it at 1, a falling one at −1."""
    one = maps(2)
    assert_close(rank_correlation(one, one.exp()), torch.ones(3, dtype=torch.float64))
    assert_close(rank_correlation(one, -(one**3)), -torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize(("window", "data_range"), [(7, 1.0), (3, 2.5)])
def test_structural_similarity_is_scikit_images(window, data_range):
    """In float64, with its defaults and with others."""
    one, noise = maps(3), maps(4)
    other = 0.7 * one + 0.3 * noise
    wanted = [
        skimage_ssim(a, b, win_size=window, data_range=data_range)
        for a, b in zip(one.numpy(), other.numpy(), strict=True)
    ]
    found = structural_similarity(one, other, window=window, data_range=data_range)
    assert_close(found, torch.tensor(wanted, dtype=torch.float64), atol=1e-12, rtol=0)


def test_the_strongest_in_common_are_counted():
    """Ten of 100 pixels are the strongest of each; seven of them are the same."""
    one, other = torch.zeros(1, 10, 10), torch.zeros(1, 10, 10)
    ramp = torch.arange(10, 20).float()
    one[0, 0, :], other[0, 0, 3:], other[0, 5, :3] = ramp, ramp[:7], ramp[7:]
    assert top_overlap(one, other, 0.1).item() == pytest.approx(0.7)
    assert top_overlap(one, one, 0.1).item() == 1


@pytest.mark.parametrize("levels", [None, 5], ids=["distinct", "ties"])
def test_unrelated_maps_overlap_by_chance(levels):
    """The mean over 400 pairs is within four standard errors of it, ties or none."""
    one, other = maps(5, rows=400, levels=levels), maps(6, rows=400, levels=levels)
    found = top_overlap(one, other, 0.2)
    assert chance_overlap(one, 0.2) == pytest.approx(51 / 256)
    assert abs(float(found.mean()) - 51 / 256) < 4 * float(found.std()) / math.sqrt(400)


def test_tied_places_are_shared():
    """One place, four pixels that tie for it: a quarter each, so 4 / 16 with itself."""
    tied = torch.tensor([[[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]])
    assert top_overlap(tied, tied, 0.01).item() == pytest.approx(4 / 16)


def test_a_constant_map_has_no_likeness():
    """NaN in its row alone, even against itself."""
    one, other = maps(7), maps(8)
    one[1] = 0.25
    for measure in (rank_correlation, structural_similarity, top_overlap):
        for found in (measure(one, other), measure(other, one), measure(one, one)):
            assert found.isnan().tolist() == [False, True, False], measure.__name__


def test_a_map_smaller_than_the_window_has_no_structure():
    """NaN rather than a figure of something else."""
    small = maps(9, side=5)
    assert structural_similarity(small, small).isnan().all()
    assert not similarity(small[:, None], small[:, None]).rank.isnan().any()


def test_attributions_are_compared_as_they_are_drawn():
    """Amounts and signed sums over the channels; SSIM at the pictures' own scale."""
    generator = torch.Generator().manual_seed(10)
    one = torch.randn(2, 3, 16, 16, generator=generator)
    found = similarity(one, -one)
    ones = torch.ones(2, dtype=torch.float64)
    assert_close(found.rank, ones)
    assert_close(found.signed_rank, -ones)
    assert_close(found.ssim, ones)
    assert_close(found.overlap, ones)
    drawn = as_drawn(amounts(one))
    for row, gradient in zip(drawn, one.numpy(), strict=True):
        shown = np.minimum(np.abs(gradient.astype(np.float64)).sum(0) / ink_scale(gradient), 1)
        assert_close(row, torch.tensor(shown), atol=1e-12, rtol=0)


def test_scale_does_not_count():
    """Every figure stays where one of the maps is multiplied."""
    generator = torch.Generator().manual_seed(11)
    one, other = torch.randn(2, 2, 3, 16, 16, generator=generator, dtype=torch.float64)
    found, scaled = similarity(one, other), similarity(one, 1e-9 * other)
    for name in ("rank", "signed_rank", "ssim", "overlap"):
        assert_close(getattr(scaled, name), getattr(found, name), msg=name)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda m: rank_correlation(m, m[:, :-1]), "both be"),
        (lambda m: top_overlap(m * torch.nan, m), "finite"),
        (lambda m: top_overlap(m, m, 1.0), "top"),
        (lambda m: structural_similarity(m, m, window=4), "window"),
        (lambda m: structural_similarity(m, m, data_range=0.0), "data_range"),
    ],
)
def test_what_cannot_be_compared_is_refused(call, sentence):
    """With a sentence that names it."""
    with pytest.raises(InvalidInputError, match=sentence):
        call(maps(12))
