"""How alike two maps are: by rank, by structure, and by their strongest pixels.

Every function takes [N, H, W] (one number a pixel) and answers [N] in float64. Where a figure is
not defined, because one of the maps is constant and so says nothing, it is NaN, never 0 or 1.
They look at the values once to refuse what is not finite, so they belong at the end of a
procedure.

References: Adebayo et al., NeurIPS 2018, section 4, arXiv:1810.03292 (rank correlation, absolute
and signed, and SSIM of maps); Ghorbani et al., AAAI 2019, section 3, arXiv:1710.10547 (overlap of
the k strongest); Wang et al., IEEE TIP 13(4), 2004 (SSIM).
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from advviz.errors import InvalidInputError

WINDOW = 7  # pixels; scikit-image's default
TOP = 0.1  # the share of the pixels that `top_overlap` calls the strongest
DRAWN = 0.99  # the quantile that is drawn at full ink, as `pictures.maps` draws


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """How alike the maps of each row are, all [N] in float64; NaN where it is not defined.

    Args:
        rank: Spearman's correlation of the amounts, in [-1, 1]; 0 by chance.
        signed_rank: the same of the signed sums.
        ssim: structural similarity of the maps as they are drawn, in [-1, 1].
        overlap: share of the strongest pixels that both have, in [0, 1]; `chance_overlap` by
            chance.
    """

    rank: Tensor
    signed_rank: Tensor
    ssim: Tensor
    overlap: Tensor


def similarity(first: Tensor, second: Tensor, top: float = TOP) -> Similarity:
    """Compare attributions row by row in every way.

    Args:
        first: [N, C, H, W], as an explanation holds them.
        second: the same shape.
        top: the share of the pixels that count as the strongest, in (0, 1).

    Raises:
        InvalidInputError: shapes that differ, values that are not finite, or such a share.
    """
    _check(first, second, "[N, C, H, W]")
    one, other = amounts(first), amounts(second)
    return Similarity(
        rank_correlation(one, other),
        rank_correlation(first.double().sum(1), second.double().sum(1)),
        structural_similarity(as_drawn(one), as_drawn(other)),
        top_overlap(one, other, top),
    )


def amounts(attributions: Tensor) -> Tensor:
    """Sum |a| over the channels of [N, C, H, W]: how much each pixel matters, [N, H, W]."""
    return attributions.double().abs().sum(1)


def as_drawn(maps: Tensor) -> Tensor:
    """Scale each map as it is drawn: its 99th percentile is 1, and what is above is clipped.

    Without it one extreme pixel would be the whole range, and SSIM would compare blank pictures.

    Args:
        maps: [N, H, W], >= 0. Where fewer than one pixel in a hundred is not zero, the largest
            value becomes 1, as in `pictures.maps.ink_scale`.
    """
    flat = maps.double().flatten(1)
    level = flat.quantile(DRAWN, dim=1)
    level = torch.where(level > 0, level, flat.amax(1))
    scale = torch.where(level > 0, level, torch.ones_like(level)).view(-1, 1, 1)
    return torch.minimum(maps.double(), scale) / scale


def rank_correlation(first: Tensor, second: Tensor) -> Tensor:
    """Compute Spearman's rank correlation of two maps; tied values share their mean rank.

    Args:
        first: [N, H, W]. Only the order of the values counts, so no scale does.
        second: the same shape.

    Returns:
        [N] in [-1, 1]; NaN where either map is constant.
    """
    _check(first, second, "[N, H, W]")
    one, other = _centred_ranks(first), _centred_ranks(second)
    spread = (one.square().sum(1) * other.square().sum(1)).sqrt()
    return _where_defined(first, second, (one * other).sum(1) / spread)


def structural_similarity(
    first: Tensor, second: Tensor, *, window: int = WINDOW, data_range: float = 1.0
) -> Tensor:
    """Compute the mean structural similarity of two maps of the same range.

    Means, variances and covariance (n - 1) are of every whole window, all its pixels alike;
    K1 = 0.01 and K2 = 0.03. It is scikit-image's `structural_similarity` at its defaults.

    Args:
        first: [N, H, W].
        second: the same shape, and already on the same scale: see `as_drawn`.
        window: side of the square window in pixels, odd, >= 3.
        data_range: largest minus smallest value that a map can have, > 0.

    Returns:
        [N] in [-1, 1]; NaN where either map is constant or smaller than the window.
    """
    _check(first, second, "[N, H, W]")
    if window < 3 or window % 2 == 0:
        raise InvalidInputError(f"window must be odd and >= 3 pixels, got {window}")
    if not data_range > 0:
        raise InvalidInputError(f"data_range must be > 0, got {data_range}")
    x, y = first.double(), second.double()
    if min(x.shape[1:]) < window:
        return x.new_full((len(x),), torch.nan)
    mean_x, mean_y = _local_mean(x, window), _local_mean(y, window)
    unbiased = window**2 / (window**2 - 1)
    var_x = unbiased * (_local_mean(x * x, window) - mean_x**2)
    var_y = unbiased * (_local_mean(y * y, window) - mean_y**2)
    covariance = unbiased * (_local_mean(x * y, window) - mean_x * mean_y)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    likeness = likeness / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))
    return _where_defined(x, y, likeness.flatten(1).mean(1))


def top_overlap(first: Tensor, second: Tensor, top: float = TOP) -> Tensor:
    """Find the share of the strongest pixels of one map that are the other's strongest too.

    Pixels that tie for the last places count in part, as if the places were drawn by lot. So
    maps that have nothing to do with each other overlap by `chance_overlap` whatever their ties,
    and a map with such ties overlaps with itself by less than 1.

    Args:
        first: [N, H, W].
        second: the same shape.
        top: the share of the pixels that are the strongest, in (0, 1); at least one pixel.

    Returns:
        [N] in [0, 1]; NaN where either map is constant: it has no strongest pixels.
    """
    _check(first, second, "[N, H, W]")
    count = _strongest(first, top)
    both = _membership(first, count) * _membership(second, count)
    return _where_defined(first, second, both.sum(1) / count)


def chance_overlap(maps: Tensor, top: float = TOP) -> float:
    """Return what `top_overlap` is on average for maps [N, H, W] that are unrelated."""
    return _strongest(maps, top) / maps[0].numel()


def _check(first: Tensor, second: Tensor, wanted: str) -> None:
    dimensions = wanted.count(",") + 1
    if first.shape != second.shape or first.ndim != dimensions or not first[:1].numel():
        shapes = f"{list(first.shape)} and {list(second.shape)}"
        raise InvalidInputError(f"two maps that are compared must both be {wanted}, got {shapes}")
    if not bool((first.isfinite() & second.isfinite()).all()):
        raise InvalidInputError("maps that are compared must be finite, got nan or inf in one")


def _where_defined(first: Tensor, second: Tensor, values: Tensor) -> Tensor:
    """Replace by NaN the value of each row in which a map is constant."""
    return values.masked_fill(_is_constant(first) | _is_constant(second), torch.nan)


def _is_constant(maps: Tensor) -> Tensor:
    flat = maps.flatten(1)
    return flat.amax(1) == flat.amin(1)


def _centred_ranks(maps: Tensor) -> Tensor:
    """Rank the pixels of each row [N, H * W]; ties share the mean, and the mean rank is 0."""
    flat = maps.double().flatten(1).contiguous()
    ordered = flat.sort(1).values
    below = torch.searchsorted(ordered, flat)
    up_to = torch.searchsorted(ordered, flat, right=True)
    return (below + up_to).double() / 2 - flat.shape[1] / 2


def _local_mean(maps: Tensor, window: int) -> Tensor:
    return F.avg_pool2d(maps[:, None], window, stride=1)[:, 0]


def _strongest(maps: Tensor, top: float) -> int:
    if not 0 < top < 1:
        raise InvalidInputError(f"top must be a share of the pixels in (0, 1), got {top}")
    return max(1, round(top * maps[0].numel()))


def _membership(maps: Tensor, count: int) -> Tensor:
    """Say how surely each pixel is among the `count` strongest: 1, 0, or a tie's share."""
    flat = maps.double().flatten(1)
    level = flat.topk(count, dim=1).values[:, -1:]
    above, tied = flat > level, flat == level
    places = (count - above.sum(1, keepdim=True)) / tied.sum(1, keepdim=True).double()
    return above.double() + tied.double() * places
