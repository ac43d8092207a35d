"""Drawings that are kept: the same results are drawn once, others are drawn."""

import numpy as np

from advviz.experiments.result import Result
from advviz.ui.kept import Kept


def result(value: float) -> Result:
    return Result.of({"picture": np.full((3, 2, 2), value)}, {})


def value_of(one: Result) -> str:
    return str(one.arrays["picture"].max())


def test_the_same_results_are_drawn_once():
    kept, drawn, one = Kept[str](2), [], result(1)

    def draw() -> str:
        drawn.append(one)
        return value_of(one)

    assert kept.get("key", [one], draw) == kept.get("key", [one], draw) == "1"
    assert len(drawn) == 1


def test_a_result_that_was_computed_again_is_drawn_again():
    kept, old, new = Kept[str](2), result(1), result(2)
    assert kept.get("key", [old], lambda: value_of(old)) == "1"
    assert kept.get("key", [new], lambda: value_of(new)) == "2"


def test_another_view_of_the_same_results_is_another_drawing():
    kept, one = Kept[str](2), result(1)
    assert kept.get("ink", [one], lambda: "ink") == "ink"
    assert kept.get("signed", [one], lambda: "signed") == "signed"


def test_the_least_recently_used_leaves_first():
    kept, one = Kept[str](2), result(1)
    for key in ("a", "b", "a", "c"):
        kept.get(key, [one], lambda key=key: key)
    assert kept.get("a", [one], lambda: "anew") == "a"
    assert kept.get("b", [one], lambda: "anew") == "anew"


def test_a_drawing_does_not_keep_its_results():
    kept, one = Kept[str](2), result(1)
    kept.get("key", [one], lambda: "drawn")
    (marks, _) = kept._drawn["key"]
    del one
    assert [mark() for mark in marks] == [None]
