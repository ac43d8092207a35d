"""Tests of a trust panel that ask whether the score follows the map, beside maps of nothing."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from advviz.evaluation.trust_finding import FAILS, PASSES, UNCLEAR, Finding

Facts = Mapping[str, Any]
Ranked = Callable[[int, int], str]
"""How many of how many maps that know nothing were beaten, to a verdict."""

SHOWN = "blurred"
"""Replacement whose figures the sentences give."""

INFIDELITY = {
    PASSES: "The map foretells changes of the score better than {k} of {n} shifted copies of "
    "itself and than the edges: it leaves {own} unexplained, they {typical} and {edges}.",
    UNCLEAR: "The map foretells changes of the score better than {k} of {n} shifted copies of "
    "itself: it leaves {own} unexplained, they {typical}, the edges {edges}.",
    FAILS: "The map foretells changes of the score no better than shifted copies of itself: it "
    "beats {k} of {n}, and leaves {own} unexplained, they {typical}, the edges {edges}.",
}
NO_CHANGE = (
    "The score hardly changes when squares of the picture are taken away: nothing can be foretold."
)


def infidelity(facts: Facts, ranked: Ranked) -> Finding:
    """Compare how much of the score's changes maps leave unexplained."""
    found = facts["infidelity"]
    if any(value is None for value in found):
        return Finding("infidelity", UNCLEAR, NO_CHANGE, {})
    own, edges, _noise, *shifted = found
    beaten = sum(own < other for other in shifted)
    verdict = _also_the_edges(ranked(beaten, len(shifted)), own < edges)
    values = {
        "k": beaten,
        "n": len(shifted),
        "own": f"{own:.0%}",
        "typical": f"{median(shifted):.0%}",
        "edges": f"{edges:.0%}",
    }
    return Finding("infidelity", verdict, INFIDELITY[verdict], values)


CURVES = {
    "insertion": {
        PASSES: "Pixels in the order of the map bring the answer back sooner than edges, noise and "
        "at least {beaten} of {n} shifted copies of it, in {k} of {m} ways of measuring (area "
        "{own}; shifted {typical}, edges {edges}).",
        UNCLEAR: "Pixels in the order of the map bring the answer back clearly sooner than {n} "
        "shifted copies of it, edges and noise, in {k} of {m} ways of measuring only (area "
        "{own}; shifted {typical}, edges {edges}).",
        FAILS: "Pixels in the order of the map bring the answer back no sooner than most of its "
        "{n} shifted copies, in {bad} of {m} ways of measuring (area {own}; shifted {typical}, "
        "edges {edges}).",
    },
    "deletion": {
        PASSES: "Taking pixels away in the order of the map removes the answer sooner than edges, "
        "noise and at least {beaten} of {n} shifted copies of it, in {k} of {m} ways of measuring "
        "(area {own}; shifted {typical}, edges {edges}).",
        UNCLEAR: "Taking pixels away in the order of the map removes the answer clearly sooner "
        "than {n} shifted copies of it, edges and noise, in {k} of {m} ways of measuring only "
        "(area {own}; shifted {typical}, edges {edges}).",
        FAILS: "Taking pixels away in the order of the map removes the answer no sooner than most "
        "of its {n} shifted copies, in {bad} of {m} ways of measuring (area {own}; shifted "
        "{typical}, edges {edges}).",
    },
}
NO_SCORE = (
    "The picture is scored nearly as when all of it is taken away: no order of its pixels can be "
    "measured."
)


def curve(which: str, facts: Facts, ranked: Ranked) -> Finding:
    """Compare the area under curves: of each replacement, by probability and by margin.

    It passes where every way of measuring passes, and fails where more than half fail.
    """
    ways = [
        (values, f"{replaced}, {name}")
        for replaced, areas in facts["curves"].items()
        for name, values in areas.items()
        if name.startswith(which) and all(value is not None for value in values)
    ]
    if not ways:
        return Finding(which, UNCLEAR, NO_SCORE, {})
    found, beaten = zip(*(_one(which, values, ranked) for values, _ in ways), strict=True)
    good, bad = found.count(PASSES), found.count(FAILS)
    verdict = PASSES if good == len(found) else FAILS if 2 * bad > len(found) else UNCLEAR
    shown = next((values for values, name in ways if name.startswith(SHOWN)), ways[0][0])
    own, edges, _noise, *shifted = shown
    told = {
        "k": good,
        "bad": bad,
        "m": len(found),
        "beaten": min(beaten),
        "n": len(shifted),
        "own": f"{own:.2f}",
        "typical": f"{median(shifted):.2f}",
        "edges": f"{edges:.2f}",
    }
    return Finding(which, verdict, CURVES[which][verdict], told)


def _one(which: str, values: Sequence[float], ranked: Ranked) -> tuple[str, int]:
    """Judge one area, and count the shifted copies beaten: insertion is to be high."""
    sign = 1 if which == "insertion" else -1
    own, edges, noise, *shifted = (sign * value for value in values)
    beaten = sum(own > other for other in shifted)
    verdict = _also_the_edges(ranked(beaten, len(shifted)), own > edges and own > noise)
    return verdict, beaten


def _also_the_edges(verdict: str, beats: bool) -> str:
    """Withhold a pass from a map that one without any network equals."""
    return UNCLEAR if verdict == PASSES and not beats else verdict
