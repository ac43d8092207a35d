"""Each method has a float64 golden: changing it without raising its version fails."""

import json

import goldens
import pytest

KEPT = json.loads(goldens.PATH.read_text())


@pytest.fixture(scope="module")
def now():
    """Compute them all once."""
    return goldens.measured()


def test_every_method_has_a_golden(now):
    """And no golden is left of a method that is gone."""
    assert KEPT.keys() == now.keys()


@pytest.mark.parametrize("name", KEPT)
def test_a_method_is_what_its_version_says(name, now):
    """To 1e-9, in float64."""
    assert goldens.complaint(name, KEPT[name], now[name]) is None


def test_a_changed_method_and_a_raised_version_are_both_noticed():
    """A test that cannot fail is a defect."""
    golden = {"version": 1, "values": [1.0, 2.0]}
    assert goldens.complaint("x", golden, {"version": 1, "values": [1.0, 2.0 + 5e-10]}) is None
    changed = goldens.complaint("x", golden, {"version": 1, "values": [1.0, 2.0 + 5e-9]})
    assert changed is not None
    assert "raise its spec's version" in changed
    raised = goldens.complaint("x", golden, {"version": 2, "values": [1.0, 3.0]})
    assert raised is not None
    assert "run python tests/goldens.py" in raised
