"""Tests of a trust panel that ask how alike two maps are, by the ranks of their pixels."""

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from advviz.evaluation.trust_finding import FAILS, PASSES, UNCLEAR, Finding
from advviz.evaluation.trust_thresholds import ALIKE, REPEATS, UNLIKE
from advviz.experiments.trust import TrustSpec

Facts = Mapping[str, Any]

T95 = (0, 12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""97.5% quantiles of Student's t, by the degrees of freedom."""
NOT_COMPARED = "The map, or what it would be compared with, is constant: this cannot be measured."


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of correlations and its 95% interval, by Student's t, cut to [-1, 1].

    Of one value nothing is known but itself: its interval is the whole range.
    """
    mean, degrees = fmean(values), len(values) - 1
    if degrees == 0:
        return mean, -1.0, 1.0
    t = T95[degrees] if degrees < len(T95) else 2.262
    half = t * stdev(values) / sqrt(len(values))
    return mean, max(-1.0, mean - half), min(1.0, mean + half)


def _measured(name: str, found: Sequence[float | None]) -> list[float] | Finding:
    """Return the correlations; or what to say where one is not defined."""
    values = [value for value in found if value is not None]
    if not values or len(values) < len(found):
        return Finding(name, UNCLEAR, NOT_COMPARED, {})
    return values


def _of(r: float, low: float, high: float, n: int) -> dict[str, Any]:
    return {"r": f"{r:.2f}", "low": f"{low:.2f}", "high": f"{high:.2f}", "n": n}


RANDOMIZED = {
    PASSES: "With random weights the averaged map is another one: its rank correlation with those "
    "of {n} such networks is {r} (95% interval {low} to {high}).",
    UNCLEAR: "With random weights the averaged map is not clearly another one: its rank "
    "correlation with those of {n} such networks is {r} (95% interval {low} to {high}).",
    FAILS: "With random weights the averaged map stays the same: its rank correlation with those "
    "of {n} such networks is {r} (95% interval {low} to {high}), so it does not show what was "
    "learned.",
}
NOT_REPEATED = (
    "Averaged over {copies} noisy inputs the map does not repeat itself (reliability {r}), so that "
    "any two would differ; average over more."
)


def randomized(spec: TrustSpec, facts: Facts) -> Finding:
    """Compare averaged maps with those of networks that learned nothing (sMPRT)."""
    measured = facts["randomized"]
    found = _measured("randomized", [*measured["averaged"]["rank"], *measured["itself"]["rank"]])
    if isinstance(found, Finding):
        return found
    *values, half = found
    whole = 2 * half / (1 + half) if half > 0 else 0.0  # Spearman and Brown: of both halves
    r, low, high = interval(values)
    if whole < REPEATS and high < ALIKE:
        told = {"copies": spec.noisy, "r": f"{whole:.2f}"}
        return Finding("randomized", UNCLEAR, NOT_REPEATED, told)
    verdict = FAILS if low >= ALIKE else PASSES if high < UNLIKE else UNCLEAR
    return Finding("randomized", verdict, RANDOMIZED[verdict], _of(r, low, high, len(values)))


CLASSES = {
    PASSES: "For other classes the map is another one: its rank correlation with those of {n} "
    "others is {r} (95% interval {low} to {high}).",
    UNCLEAR: "For other classes the map is not clearly another one: its rank correlation with "
    "those of {n} others is {r} (95% interval {low} to {high}).",
    FAILS: "For other classes the map is the same: its rank correlation with those of {n} others "
    "is {r} (95% interval {low} to {high}), so it does not show what speaks for this one.",
}
MIRRORED = (
    "The network knows {n} classes: what raises one lowers the other, so their maps are mirror "
    "images and cannot be told apart by size."
)


def classes(_spec: TrustSpec, facts: Facts) -> Finding:
    """Compare the map with those of other classes (random logit)."""
    count = facts["answer"]["classes"]
    if count < 3:
        return Finding("classes", UNCLEAR, MIRRORED, {"n": count})
    found = _measured("classes", facts["classes"]["rank"])
    if isinstance(found, Finding):
        return found
    r, low, high = interval(found)
    verdict = FAILS if low >= ALIKE else PASSES if high < UNLIKE else UNCLEAR
    return Finding("classes", verdict, CLASSES[verdict], _of(r, low, high, len(found)))


EDGES = {
    PASSES: "The map is not the picture's edges: its rank correlation with an edge detector is "
    "{r}.",
    UNCLEAR: "The map is partly the picture's edges: its rank correlation with an edge detector, "
    "which knows no network, is {r}.",
    FAILS: "The map is the picture's edges: its rank correlation with an edge detector, which "
    "knows no network, is {r}.",
}


def edges(_spec: TrustSpec, facts: Facts) -> Finding:
    """Compare the map with an edge detector; one that avoids the edges is made of them, too."""
    found = _measured("edges", facts["edges"]["rank"])
    if isinstance(found, Finding):
        return found
    r = found[0]
    verdict = FAILS if abs(r) >= ALIKE else PASSES if abs(r) < UNLIKE else UNCLEAR
    return Finding("edges", verdict, EDGES[verdict], {"r": f"{r:.2f}"})


SEEDS = {
    PASSES: "With other seeds the map is the same: its rank correlation with those of {n} others "
    "is {r} (95% interval {low} to {high}).",
    UNCLEAR: "With other seeds the map is not clearly the same: its rank correlation with those of "
    "{n} others is {r} (95% interval {low} to {high}).",
    FAILS: "With other seeds the map is another one: its rank correlation with those of {n} others "
    "is {r} (95% interval {low} to {high}); give the method more samples.",
}


def seeds(_spec: TrustSpec, facts: Facts) -> Finding | None:
    """Compare maps of several seeds; None for a method that draws nothing."""
    if "seeds" not in facts:
        return None
    found = _measured("seeds", facts["seeds"]["rank"])
    if isinstance(found, Finding):
        return found
    r, low, high = interval(found)
    verdict = PASSES if low >= ALIKE else FAILS if high < UNLIKE else UNCLEAR
    return Finding("seeds", verdict, SEEDS[verdict], _of(r, low, high, len(found)))
