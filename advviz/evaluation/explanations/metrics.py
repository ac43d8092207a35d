"""What is measured of a map, and which way is better."""

from dataclasses import dataclass

HIGH, LOW = "high", "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure of a map, one an image.

    Args:
        key: what flags, JSON and links call it.
        title: what people call it.
        better: HIGH or LOW.
        meaning: one sentence.
    """

    key: str
    title: str
    better: str
    meaning: str

    def is_as_good(self, one: float, other: float) -> bool:
        """Say whether a figure is at least as good as another."""
        return one >= other if self.better == HIGH else one <= other

    def ahead(self, one: float, other: float) -> float:
        """Return by how much a figure is better than another; negative where it is worse."""
        return one - other if self.better == HIGH else other - one


METRICS = (
    Metric(
        key="insertion",
        title="Insertion",
        better=HIGH,
        meaning="How soon the class's probability rises while the pixels that the map ranks "
        "first enter an empty picture: 0 as on the empty one, 1 as on the whole one.",
    ),
    Metric(
        key="deletion",
        title="Deletion",
        better=LOW,
        meaning="How much of the class's probability is left while the pixels that the map ranks "
        "first are taken out: 0 as on the empty picture, 1 as on the whole one.",
    ),
    Metric(
        key="insertion-margin",
        title="Insertion, margin",
        better=HIGH,
        meaning="As insertion, of the class's logit minus the largest other one, which does not "
        "saturate.",
    ),
    Metric(
        key="deletion-margin",
        title="Deletion, margin",
        better=LOW,
        meaning="As deletion, of the class's logit minus the largest other one.",
    ),
    Metric(
        key="infidelity",
        title="Infidelity",
        better=LOW,
        meaning="Share of the logit's changes, when squares are taken away, that the map in its "
        "best scale does not predict: 0 to 1.",
    ),
    Metric(
        key="sensitivity",
        title="Sensitivity",
        better=LOW,
        meaning="Largest move of the map, over its own length, among pictures that differ by at "
        "most 0.02 a pixel. A map that never moves is best at it, so it only counts beside another "
        "measure.",
    ),
    Metric(
        key="randomization",
        title="Randomization",
        better=LOW,
        meaning="Rank correlation of the map with that of the same network with random weights: "
        "a map that stays as it is has not looked at the weights. Necessary, not enough: noise "
        "passes too.",
    ),
    Metric(
        key="random-logit",
        title="Random logit",
        better=LOW,
        meaning="Rank correlation of the map with that for another class, drawn at random: a map "
        "that stays as it is has not looked at the class. Necessary, not enough: noise passes "
        "too.",
    ),
)
BY_KEY = {metric.key: metric for metric in METRICS}

CONSTANT, RANDOM, EDGES = "constant", "random", "edges"
NULLS = {
    CONSTANT: "Constant map",
    RANDOM: "Random map",
    EDGES: "Edge map",
}
"""Maps that know nothing of the model: what any measure must be able to tell from a method."""

SLOPE, TOWARDS_OTHERS = "spectrum-slope", "cosine"
ALIGNMENT = {
    SLOPE: (
        "Slope of the gradient's spectrum",
        "Power over frequency, both logarithmic: 0 for noise, about −2 for photographs.",
    ),
    TOWARDS_OTHERS: (
        "Cosine to the nearest other class",
        "Of the gradient of one class against another with the difference to the nearest picture "
        "of that other class; about 0 by chance.",
    ),
}
"""Figures of a model's plain gradient: title and meaning by key."""
