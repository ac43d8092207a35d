"""Bugs or features? Train on mislabelled adversarial examples alone, judge on clean images.

Ilyas et al., NeurIPS 2019, arXiv:1905.02175, section 3.2: a network that has only ever seen
adversarial examples, labelled with the class that they were changed towards, is right about
clean images. So what the attack wrote into them generalises, although no human sees it.

Each seed draws its own split, first weights and random changes. Three networks take part:

- The *first* is trained on true labels. Its weights are chosen on held-out images.
- The *new* one is trained from fresh weights on the images that the first got right and, once
  attacked, wrong, each labelled with the wrong class. Its weights are chosen on held-out images
  that were attacked, kept and mislabelled in the same way: it never meets a true label, neither
  in training nor in that choice. No test image takes part in either.
- Two *controls* are trained like the new one: on the same images moved as far at random, and on
  the same images as they were, both with the same wrong labels.

The final predictions are those of the new network and of the controls, on clean test images.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from advviz.attacks.pgd import PGDParams
from advviz.data.splits import Split, split
from advviz.data.two_classes import TwoClasses
from advviz.errors import InvalidInputError
from advviz.labs.examples import Examples, Meter
from advviz.labs.learner import Learned, Learner
from advviz.labs.mislabelled import Mislabelled, mislabelled
from advviz.noise import Noise
from advviz.protocol import Procedure
from advviz.threat_models import ThreatModel

FIRST, NEW, RANDOM, FLIPPED = "true labels", "mislabelled adversarial", "moved at random", "flipped"
CONTROLS = (RANDOM, FLIPPED)
FORMS = {NEW: "adversarial", RANDOM: "random", FLIPPED: "original"}
"""What each of these is trained on, of every image that was kept."""
SHOWN = 8  # training images that are kept to be shown
SHARES = (0.8, 0.2, 0.0)
"""Of what a data set does not set apart to judge on: to train on, and to choose weights on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturesParams:
    """What the lab is told.

    Args:
        learner: the kind of network, and how it is trained.
        threat: the ball of the attack.
        attack: of the attack.
        seeds: of the repetitions.
        controls: train the two controls as well.
    """

    learner: Learner
    threat: ThreatModel
    attack: PGDParams
    seeds: Sequence[int]
    controls: bool = True

    @property
    def trained(self) -> tuple[str, ...]:
        """List the networks that are trained for a seed."""
        return (FIRST, NEW, *CONTROLS) if self.controls else (FIRST, NEW)

    @property
    def amount(self) -> int:
        """Count the steps of training of all networks."""
        return len(self.trained) * self.learner.steps * len(self.seeds)


@dataclass(slots=True, eq=False)
class FeaturesResult:
    """What was found, a value a seed; None stands for a network that there was nothing to train on.

    Args:
        accuracies: on clean test images, by the network's name.
        validation: of the new network, on clean held-out images: what an eps may be chosen by.
        fooled: of the training images that the first network got right, the share kept.
        kept: training images kept.
        distances: mean distance of those, in the ball's norm.
        counts: images to train on, to choose weights on and to judge on.
        weights: of the first seed's networks, [C, H, W], by name; empty where they have none.
        examples: of the first seed, some that were kept.
    """

    accuracies: dict[str, list[float | None]] = field(default_factory=dict)
    validation: list[float | None] = field(default_factory=list)
    fooled: list[float] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    distances: list[float | None] = field(default_factory=list)
    counts: tuple[int, int, int] = (0, 0, 0)
    weights: dict[str, Tensor] = field(default_factory=dict)
    examples: Mislabelled | None = None

    def skip(self, name: str, seeds: int) -> None:
        """Write down that some seeds had nothing to train a network on."""
        self.accuracies[name] += [None] * seeds
        if name == NEW:
            self.validation += [None] * seeds


def bugs_or_features(pool: TwoClasses, params: FeaturesParams) -> Procedure[FeaturesResult]:
    """Run the lab on two classes.

    Raises:
        InvalidInputError: too few images of a class.
    """
    result = FeaturesResult(accuracies={name: [] for name in params.trained})
    device = params.learner.device
    images = torch.from_numpy(pool.images).to(device)
    labels = torch.from_numpy(pool.labels).to(device)
    meter = Meter(params.amount)
    at_once = params.learner.together(images)
    for first in range(0, len(params.seeds), at_once):
        seeds = params.seeds[first : first + at_once]
        splits = [_split(pool, seed) for seed in seeds]
        group = _Group(images, labels, splits, seeds, params, meter, result)
        yield from group.run()
    return result


def _split(pool: TwoClasses, seed: int) -> Split:
    """Split at random what is not set apart; where nothing is, all of it."""
    if not pool.judged.any():
        return split(pool.labels, seed)
    free, judged = np.flatnonzero(~pool.judged), np.flatnonzero(pool.judged)
    if any(not (pool.labels[rows] == label).any() for rows in (free, judged) for label in (0, 1)):
        raise InvalidInputError("both classes need images to train on and to judge on; add images")
    found = split(pool.labels[free], seed, SHARES)
    return Split(free[found.train], free[found.validation], judged)


class _Group:
    """The seeds whose networks are trained side by side."""

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        splits: Sequence[Split],
        seeds: Sequence[int],
        params: FeaturesParams,
        meter: Meter,
        result: FeaturesResult,
    ) -> None:
        self._seeds, self._params, self._meter, self._result = seeds, params, meter, result
        self._train, self._held, self._test = (
            _gathered(images, labels, [torch.from_numpy(rows) for rows in part])
            for part in zip(*((s.train, s.validation, s.test) for s in splits), strict=True)
        )
        train, held, test = (e.labels.shape[1] for e in (self._train, self._held, self._test))
        result.counts = train, held, test

    def run(self) -> Procedure[None]:
        """Train the first networks, attack, train on what was kept, judge."""
        everybody = [True] * len(self._seeds)
        first = yield from self._learn(FIRST, self._train, self._held, everybody)
        yield from self._judge(FIRST, first, everybody)
        told, held = yield from self._attack(first)
        self._note(told)
        enough = [
            bool(each.examples(each.original).suffice) and bool(other.kept.any())
            for each, other in zip(told, held, strict=True)
        ]
        for name in self._params.trained[1:]:
            if any(enough):
                shown, chosen = (_stacked(part, FORMS[name]) for part in (told, held))
                learned = yield from self._learn(name, shown, chosen, enough)
                yield from self._judge(name, learned, enough)
            else:
                self._result.skip(name, len(enough))
                self._meter.done += self._params.learner.steps * len(enough)

    def _learn(
        self, name: str, told: Examples, held: Examples, counts: Sequence[bool]
    ) -> Procedure[Learned]:
        """Train networks; where the very first seed counts, keep its weights to be shown."""
        learner, meter = self._params.learner, self._meter
        learned = yield from learner.learn(told, held, self._seeds, name, meter)
        weights = learned.weights(0)
        if weights is not None and counts[0] and self._seeds[0] == self._params.seeds[0]:
            self._result.weights[name] = weights
        return learned

    def _judge(self, name: str, learned: Learned, counts: Sequence[bool]) -> Procedure[None]:
        right = yield from _accuracy(learned, self._test)
        self._result.accuracies[name] += _where(counts, right)
        if name == NEW:
            held = yield from _accuracy(learned, self._held)
            self._result.validation += _where(counts, held)

    def _attack(self, first: Learned) -> Procedure[tuple[list[Mislabelled], list[Mislabelled]]]:
        """Attack the images to train on and those to choose weights on, seed by seed."""
        found: tuple[list[Mislabelled], list[Mislabelled]] = ([], [])
        for place, seed in enumerate(self._seeds):
            for part, kept in zip((self._train, self._held), found, strict=True):
                attacked = yield from mislabelled(
                    first.respondent(place),
                    part.images[place],
                    part.labels[place],
                    self._params.threat,
                    self._params.attack,
                    noise=Noise(seed),
                    meter=self._meter,
                )
                kept.append(attacked)
        return found

    def _note(self, told: Sequence[Mislabelled]) -> None:
        """Write down how many were kept, and keep some of the first seed's to be shown."""
        result = self._result
        for each in told:
            kept = int(each.kept.sum())
            result.kept.append(kept)
            result.fooled.append(kept / max(int(each.right.sum()), 1))
            far = float(each.distances[each.kept].mean()) if kept else None
            result.distances.append(far)
        if result.examples is None:
            result.examples = _some(told[0])


def _gathered(images: Tensor, labels: Tensor, rows: Sequence[Tensor]) -> Examples:
    return Examples.of(
        torch.stack([images[each] for each in rows]), torch.stack([labels[each] for each in rows])
    )


def _stacked(parts: Sequence[Mislabelled], form: str) -> Examples:
    found = [each.examples(getattr(each, form)) for each in parts]
    return Examples(
        torch.cat([e.images for e in found]),
        torch.cat([e.labels for e in found]),
        torch.cat([e.used for e in found]),
    )


def _accuracy(learned: Learned, judged: Examples) -> Procedure[list[float]]:
    said = yield from learned.decide(judged.images)
    shares: list[float] = (said == judged.labels).double().mean(1).tolist()
    return shares


def _where(counts: Sequence[bool], values: Sequence[float]) -> list[float | None]:
    return [value if counted else None for counted, value in zip(counts, values, strict=True)]


def _some(told: Mislabelled) -> Mislabelled:
    """Take a few that were kept, as many of each class as there are."""
    rows = [
        (told.kept & (told.labels == label)).nonzero().flatten()[: SHOWN // 2] for label in (0, 1)
    ]
    chosen = torch.stack(rows, 1).flatten() if len(rows[0]) == len(rows[1]) else torch.cat(rows)
    fields = ("original", "labels", "right", "kept", "adversarial", "random", "distances")
    return Mislabelled(**{name: getattr(told, name)[chosen].cpu() for name in fields})
