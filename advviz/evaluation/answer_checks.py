"""Checks of the model's answers: gradients, repeated questions, what its logits are."""

from collections.abc import Iterator

import numpy as np

from advviz.evaluation import figures
from advviz.evaluation.red_flag import NotChecked, RedFlag
from advviz.evaluation.tally import Tally

ZERO_GRADIENTS = 0.01
"""Share of images at which the gradient is exactly zero."""
SAME = 1e-5
"""Difference between two identical queries, of the largest logit, that rounding explains."""
SUM_OF_SHARES = 1e-3
"""How far from 1 logits may sum, and still be probabilities."""
LIKE_SHARES = 1.0
"""Share of images whose logits are like that."""


def zero_gradients(tally: Tally, model: str) -> Iterator[RedFlag]:
    """Look for images at which the network gives an attack no direction at all."""
    probed = tally.probes[model]
    share = figures.share_of(probed.zero_gradient, probed.done)
    if share is None:
        raise NotChecked("nothing was asked yet")
    if share.value >= ZERO_GRADIENTS:
        yield RedFlag(
            name="zero gradients",
            model=model,
            sentence=f"The gradient is exactly zero at {share.value:.1%} of the images: attacks "
            "with gradients learn nothing there, which protects from nobody else",
            value=share.value,
            threshold=ZERO_GRADIENTS,
        )


def changing(tally: Tally, model: str) -> Iterator[RedFlag]:
    """Look whether the same question gets the same answer."""
    probed = tally.probes[model]
    if not probed.done.any():
        raise NotChecked("nothing was asked yet")
    differs = probed.differs_by > SAME * np.maximum(probed.largest_logit, 1e-30)
    share = float(differs[probed.done].mean())
    if share > 0:
        yield RedFlag(
            name="changing answers",
            model=model,
            sentence=f"Two identical queries get different answers for {share:.1%} of the images: "
            "a single gradient of a random network misleads an attack, which has to average",
            value=share,
            threshold=0.0,
        )


def probabilities(tally: Tally, model: str) -> Iterator[RedFlag]:
    """Look whether what should be logits are probabilities already."""
    probed = tally.probes[model]
    sums_to_one = np.abs(probed.sum_of_logits - 1) <= SUM_OF_SHARES
    share = figures.share_of((probed.lowest_logit >= 0) & sums_to_one, probed.done)
    if share is None:
        raise NotChecked("nothing was asked yet")
    if share.value >= LIKE_SHARES:
        yield RedFlag(
            name="probabilities for logits",
            model=model,
            sentence="What the model gives as logits is never negative and sums to 1, for "
            f"{share.value:.0%} of the images: these are probabilities, and attacks that take them "
            "for logits get gradients that vanish",
            value=share.value,
            threshold=LIKE_SHARES,
        )
