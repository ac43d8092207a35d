"""The same map before and after an attack, and how alike such maps are for other reasons."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.explain.similarity import TOP, Similarity, amounts, similarity
from advviz.explain.surrogates import surrogates
from advviz.noise import Noise
from advviz.protocol import Procedure

Mapper = Callable[[Tensor, int, bool], Procedure[Tensor]]
"""Maps an image [1, C, H, W] for a class to attributions [1, C, H, W]; where the last word is
true, with other random numbers than usual."""

PAIRS = ("first", "second", "before", "after")
"""What is compared: the maps before and after the attack, for each class; the maps for both
classes, before and after it."""


@dataclass(frozen=True, slots=True, eq=False)
class BeforeAfter:
    """Maps before and after an attack, how alike they are, and what that is to be held against.

    Args:
        maps: [2, 2, C, H, W]: for each class, before and after.
        pairs: four rows, as `PAIRS` lists them.
        seeds: the first class's map before the attack, against the same with other random
            numbers; no row where the method draws none.
        noisy: the same map against that of the picture with random noise of the attack's size,
            a row for each draw.
        photos: the same map against that of other photos, a row for each.
        random: surrogates of the maps before and after, for each class and draw: [2 · draws].
    """

    maps: Tensor
    pairs: Similarity
    seeds: Similarity | None
    noisy: Similarity
    photos: Similarity
    random: Similarity


def before_after(
    clean: Tensor,
    attacked: Tensor,
    classes: tuple[int, int],
    mapper: Mapper,
    photos: Tensor,
    *,
    draws: int,
    is_random: bool,
    noise: Noise,
    top: float = TOP,
) -> Procedure[BeforeAfter]:
    """Compare the maps of a picture before and after an attack, for two classes.

    Args:
        clean: [1, C, H, W] in [0, 1].
        attacked: the same shape.
        classes: the two that maps are for.
        mapper: makes a map.
        photos: [M, C, H, W], M >= 1: other pictures, whose maps share nothing but the network
            and the class; as many copies with noise of the attack's size are tried.
        draws: random maps of the same spectrum, >= 1.
        is_random: whether the mapper draws random numbers.
        noise: of the noisy copies and of the random maps.
        top: see `similarity.top_overlap`.

    Returns:
        All maps and figures.
    """
    first, second = classes
    made = []
    for index in (first, second):
        for image in (clean, attacked):
            made.append((yield from mapper(image, index, False)))
    maps = torch.cat(made)
    before = maps[:1]
    seeds = None
    if is_random:
        again = yield from mapper(clean, first, True)
        seeds = similarity(before, again, top)
    copies = noisy_copies(clean, attacked, len(photos), noise)
    beside = []
    for image in torch.cat([copies, photos]):
        beside.append((yield from mapper(image[None], first, False)))
    others = similarity(before.expand(len(beside), -1, -1, -1), torch.cat(beside), top)
    return BeforeAfter(
        maps.view(2, 2, *maps.shape[1:]),
        similarity(maps[[0, 2, 0, 1]], maps[[1, 3, 2, 3]], top),
        seeds,
        _rows(others, slice(0, len(photos))),
        _rows(others, slice(len(photos), None)),
        _by_chance(maps, draws, top, noise),
    )


def noisy_copies(clean: Tensor, attacked: Tensor, count: int, noise: Noise) -> Tensor:
    """Add noise as long as the attack's change, in L2 and within [0, 1], to an image.

    Cutting at the box makes a copy's change no longer than the attack's, and hardly shorter.

    Args:
        clean: [1, C, H, W].
        attacked: the same shape.
        count: copies, >= 1.
        noise: one draw a copy.
    """
    streams = noise.streams(clean)
    drawn = torch.cat([streams.normal("noise of the attack's size", d) for d in range(count)])
    length = torch.linalg.vector_norm(attacked - clean)
    unit = drawn / torch.linalg.vector_norm(drawn, dim=(1, 2, 3), keepdim=True)
    copies: Tensor = (clean + length * unit).clamp(0, 1)
    return copies


def _by_chance(maps: Tensor, draws: int, top: float, noise: Noise) -> Similarity:
    """Compare random maps of the values and spectra of the maps before and after: [2 · draws].

    Amounts and signed sums have surrogates of their own, for each is compared as it is.
    """
    pairs = []
    for shown in (amounts(maps), maps.double().sum(1)):
        # Equal maps have equal streams: before and after take other draws of them.
        drawn = surrogates(shown, 2 * draws, noise=noise)
        before, after = drawn[:draws, 0::2], drawn[draws:, 1::2]
        pairs.append(similarity(_by_class(before), _by_class(after), top))
    return Similarity(pairs[0].rank, pairs[1].signed_rank, pairs[0].ssim, pairs[0].overlap)


def _by_class(drawn: Tensor) -> Tensor:
    """Put [draws, 2, H, W] into rows, those of the first class first: [2 · draws, 1, H, W]."""
    return drawn.transpose(0, 1).flatten(0, 1)[:, None]


def _rows(of: Similarity, rows: slice) -> Similarity:
    return Similarity(of.rank[rows], of.signed_rank[rows], of.ssim[rows], of.overlap[rows])
