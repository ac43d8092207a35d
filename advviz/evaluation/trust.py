"""When to believe a map: every test of a trust panel as one sentence with its figure.

No sentence says that a map is right. A test can expose a map that does not follow the network;
one that survives has not been exposed, and that is all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from advviz.evaluation import trust_faith, trust_likeness
from advviz.evaluation.trust_finding import FAILS, PASSES, UNCLEAR, Finding
from advviz.evaluation.trust_thresholds import (
    HALF,
    LEVEL,
    ROUNDING,
    STEADY,
    TENTH,
    TWICE,
    UNSTEADY,
)
from advviz.evaluation.wilson import wilson
from advviz.experiments.trust import TrustSpec
from advviz.models.model_record import RandomWeights
from advviz.models.records import record

Facts = Mapping[str, Any]

OVERALL = {
    FAILS: "{fails} of {n} tests failed: do not take this map as evidence of how the network "
    "decides, however plausible it looks.",
    PASSES: "None of {n} tests fails, and {passes} are passed: nothing here exposes the map, which "
    "is not to say that it is right.",
    UNCLEAR: "None of {n} tests fails, but only {passes} are passed: not enough to tell whether "
    "the map follows the network.",
}
"""The last line, by the verdict."""
RANDOM = (
    "The weights of this network are random: whatever the map seems to show, nothing of it was "
    "learned."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What came of all tests of a map.

    Args:
        findings: in the order in which they are told.
        overall: the last line, and its verdict.
        random: the network is a copy with random weights.
    """

    findings: tuple[Finding, ...]
    overall: Finding
    random: bool

    def named(self, name: str) -> Finding:
        """Return the finding of a test."""
        return next(found for found in self.findings if found.name == name)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "verdict": self.overall.verdict,
            "overall": str(self.overall),
            "random_weights": self.random,
            "tests": [found.as_dict() for found in self.findings],
        }


def judged(spec: TrustSpec, facts: Facts) -> Judgement:
    """Judge the figures of a trust panel.

    Args:
        spec: the panel.
        facts: of its result.
    """
    found = [test(spec, facts) for test in TESTS.values()]
    findings = tuple(each for each in found if each is not None)
    counts = {v: sum(f.verdict == v for f in findings) for v in (FAILS, PASSES)}
    verdict = FAILS if counts[FAILS] else PASSES if 2 * counts[PASSES] > len(found) else UNCLEAR
    values = {"fails": counts[FAILS], "passes": counts[PASSES], "n": len(findings)}
    return Judgement(
        findings=findings,
        overall=Finding("overall", verdict, OVERALL[verdict], values),
        random=isinstance(record(spec.model).weights_origin, RandomWeights),
    )


CONTENTS = {
    "empty": "Every pixel of the map is zero: it points nowhere.",
    "constant": "The map is the same at every pixel: it points nowhere.",
    "saturated": "The probability of {of} is within {rest} of 1, which float32 cannot tell from "
    "1, so the map of the loss is rounding error; explain the logit instead.",
    "filled": "The map has values at {filled} of the pixels, and its score is not saturated.",
}


def _contents(spec: TrustSpec, facts: Facts) -> Finding:
    """Look whether there is a map at all, and a score that can move."""
    found, answer = facts["map"], facts["answer"]
    values = {
        "of": facts["explained"],
        "rest": f"{answer['rest']:.1g}",
        "filled": f"{found['filled']:.0%}",
    }
    what, verdict = "filled", PASSES
    if found["most"] == 0:
        what, verdict = "empty", FAILS
    elif found["most"] == found["least"]:
        what, verdict = "constant", FAILS
    elif spec.objective != "logit" and answer["rest"] < ROUNDING:
        what, verdict = "saturated", FAILS
    return Finding("contents", verdict, CONTENTS[what], values)


ANSWERS = {
    FAILS: "The network gives no class more than {largest}, where guessing gives {chance}: there "
    "is hardly an answer to explain.",
    PASSES: "The network gives its answer {largest}, where guessing gives {chance}: there is "
    "something to explain.",
}


def _answer(_spec: TrustSpec, facts: Facts) -> Finding:
    """Look whether the network has an answer at all."""
    largest, chance = facts["answer"]["largest"], 1 / facts["answer"]["classes"]
    hardly = largest < TWICE * chance and largest < chance + TENTH * (1 - chance)
    verdict = FAILS if hardly else PASSES
    values = {"largest": f"{largest:.1%}", "chance": f"{chance:.1%}"}
    return Finding("answer", verdict, ANSWERS[verdict], values)


DISORDER = {
    PASSES: "The map is more orderly than those of {k} of {n} networks with random weights: its "
    "values have {own} bits of entropy, theirs {typical}.",
    UNCLEAR: "The map is more orderly than those of {k} of {n} networks with random weights "
    "({own} bits of entropy, theirs {typical}), which chance can do.",
    FAILS: "The map is no more orderly than any of those of {n} networks with random weights: its "
    "values have {own} bits of entropy, theirs {typical}.",
}


def _disorder(_spec: TrustSpec, facts: Facts) -> Finding:
    """Compare entropies with those of maps without learned weights (eMPRT)."""
    own, others = facts["randomized"]["entropy"], facts["randomized"]["entropies"]
    beaten = sum(own < other for other in others)
    verdict = ranked(beaten, len(others))
    if verdict == FAILS and beaten + 1 > LEVEL * (len(others) + 1):
        verdict = UNCLEAR
    values = {
        "k": beaten,
        "n": len(others),
        "own": f"{own:.2f}",
        "typical": f"{median(others):.2f}",
    }
    return Finding("disorder", verdict, DISORDER[verdict], values)


def ranked(beaten: int, n: int) -> str:
    """Judge how many of n maps that know nothing a map has beaten."""
    if (n - beaten + 1) / (n + 1) <= LEVEL:
        return PASSES
    return FAILS if wilson(beaten, n)[1] < HALF else UNCLEAR


MOVED = {
    PASSES: "Between pictures that nobody tells apart the map moves by at most {moved} of its own "
    "length.",
    UNCLEAR: "Between pictures that nobody tells apart the map moves by up to {moved} of its own "
    "length.",
    FAILS: "Between pictures that nobody tells apart the map moves by {moved} of its own length: "
    "what it shows is one of many.",
}
STILL = (
    "Between pictures that nobody tells apart the map does not move at all, as one that ignores "
    "the picture would not."
)


def _moved(_spec: TrustSpec, facts: Facts) -> Finding:
    """Look how far the map moves between nearly equal pictures (sensitivity_max)."""
    found = facts["moved"]
    if not found:
        return Finding("moved", UNCLEAR, STILL, {})
    verdict = FAILS if found >= UNSTEADY else PASSES if found < STEADY else UNCLEAR
    return Finding("moved", verdict, MOVED[verdict], {"moved": f"{found:.0%}"})


TESTS: Mapping[str, Callable[[TrustSpec, Facts], Finding | None]] = {
    "contents": _contents,
    "answer": _answer,
    "randomized": trust_likeness.randomized,
    "disorder": _disorder,
    "classes": trust_likeness.classes,
    "edges": trust_likeness.edges,
    "seeds": trust_likeness.seeds,
    "moved": _moved,
    "infidelity": lambda _spec, facts: trust_faith.infidelity(facts, ranked),
    "insertion": lambda _spec, facts: trust_faith.curve("insertion", facts, ranked),
    "deletion": lambda _spec, facts: trust_faith.curve("deletion", facts, ranked),
}
"""Every test, by its name; None of one that the method has no use for."""
NAMES = {
    "contents": "Is there a map?",
    "answer": "Is there an answer?",
    "randomized": "Random weights: is it another map?",
    "disorder": "Random weights: is it less orderly?",
    "classes": "Another class: is it another map?",
    "edges": "Is it more than an edge detector?",
    "seeds": "Another seed: is it the same map?",
    "moved": "A hardly changed picture: is it the same map?",
    "infidelity": "Does it foretell what a change does?",
    "insertion": "Do its pixels bring the answer back?",
    "deletion": "Do its pixels take the answer away?",
}
"""What each test asks."""
