"""Which units of a layer an attack turned on and off, against what they do on other pictures."""

from dataclasses import dataclass

import torch
from torch import Tensor

from advviz.errors import InvalidInputError
from advviz.featurevis.responses import responses
from advviz.protocol import Procedure

QUIET = 0.01
"""A unit whose spread is below this share of the layer's median spread counts as silent: its
change in units of next to nothing would come first."""


@dataclass(frozen=True, slots=True, eq=False)
class TurnedUnits:
    """What every unit of a layer answers before and after an attack.

    An activation is a unit's mean over all positions.

    Args:
        before: [C].
        after: [C].
        mean: [C], over the sample pictures.
        spread: [C], the standard deviation over them (n − 1).
        scores: [C], (after − before) / spread in float64; NaN for a silent unit.
        noisy: [D, C], the same for each noisy copy.
    """

    before: Tensor
    after: Tensor
    mean: Tensor
    spread: Tensor
    scores: Tensor
    noisy: Tensor


def turned_units(
    clean: Tensor, attacked: Tensor, noisy: Tensor, samples: Tensor, layer: str
) -> Procedure[TurnedUnits]:
    """Compare what a layer's units answer before and after an attack.

    A change counts by the unit's own spread over other pictures: a unit that is always about 100
    and moves by 3 is moved more than one that is anywhere between 0 and 10 and moves by 4.

    Args:
        clean: [1, C, H, W] in [0, 1].
        attacked: the same shape.
        noisy: [D, C, H, W]: the clean image with noise as long as the attack.
        samples: [S, U], S >= 2: what the layer's U units answer to other pictures, each the mean
            over all positions; see `responses`.
        layer: name as in `module.named_modules()`.

    Returns:
        Activations and changes of every unit, by the unmodified network.

    Raises:
        InvalidInputError: fewer than two sample pictures, or units of another layer.
    """
    if len(samples) < 2:
        raise InvalidInputError(
            f"a unit's spread needs at least two sample pictures, got {len(samples)}"
        )
    found = yield from responses(torch.cat([clean, attacked, noisy]), layer)
    answers = found.means.double()
    if answers.shape[1] != samples.shape[1]:
        raise InvalidInputError(
            f"layer {layer!r} has {answers.shape[1]} units, got answers of {samples.shape[1]}"
        )
    known = samples.double()
    spread = known.std(0)
    silent = spread <= QUIET * spread.median()
    changes = (answers[1:] - answers[0]) / spread.masked_fill(silent, torch.nan)
    return TurnedUnits(answers[0], answers[1], known.mean(0), spread, changes[0], changes[1:])


def strongest_changes(scores: Tensor, count: int) -> tuple[list[int], list[int]]:
    """List the units that were turned on most, and those that were turned off most.

    Args:
        scores: [C]; NaN is left out, and so is a change of the other sign, or none.
        count: units each way at most.
    """
    known = scores.nan_to_num(0.0)
    order = known.argsort(descending=True, stable=True).tolist()
    on = [unit for unit in order[:count] if known[unit] > 0]
    off = [unit for unit in order[::-1][:count] if known[unit] < 0]
    return on, off
