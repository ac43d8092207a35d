"""Objectives: one scalar a row, to increase; and whether its goal is reached."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.nn import functional
from torch.testing import assert_close
from toys import labels, normal

from advviz.errors import InvalidInputError
from advviz.objectives import LOSSES, CrossEntropy, Logit, Margin, Unit, away_from, towards

CLASSES = labels(0, 2, 1, 3)
LOGITS = normal(4, 5, seed=4) * 3
losses = pytest.mark.parametrize("loss", sorted(LOSSES))


def test_towards_is_minus_the_cross_entropy_and_away_plus():
    """PGD increases: a targeted attack lowers the cross-entropy of its target."""
    entropy = functional.cross_entropy(LOGITS, CLASSES, reduction="none")
    assert_close(towards(CLASSES).values(LOGITS), -entropy)
    assert_close(away_from(CLASSES).values(LOGITS), entropy)


def test_a_logit_is_a_logit():
    """With its sign."""
    own = LOGITS[torch.arange(4), CLASSES]
    assert torch.equal(towards(CLASSES, "logit").values(LOGITS), own)
    assert torch.equal(away_from(CLASSES, "logit").values(LOGITS), -own)


@losses
def test_away_is_minus_towards(loss):
    """For every loss, in values and margins."""
    to, away = towards(CLASSES, loss), away_from(CLASSES, loss)
    assert torch.equal(to.values(LOGITS), -away.values(LOGITS))
    assert torch.equal(to.margins(LOGITS), -away.margins(LOGITS))


@losses
@given(
    logits=arrays(
        np.float64, (6, 4), elements=st.integers(-5, 5).map(float) | st.floats(-1e4, 1e4)
    ),
    index=st.integers(0, 3),
    shift=st.sampled_from([0.0, -1e4, 1e4]),
)
def test_a_margin_is_positive_exactly_at_success(loss, logits, index, shift):
    """Also when every logit is negative; a tie is no success."""
    logits = torch.from_numpy(logits) + shift
    classes = torch.full((6,), index)
    others = logits.clone()
    others[:, index] = -torch.inf
    strictly_first = logits[:, index] > others.amax(1)
    strictly_beaten = logits[:, index] < others.amax(1)
    assert torch.equal(towards(classes, loss).margins(logits) > 0, strictly_first)
    assert torch.equal(away_from(classes, loss).margins(logits) > 0, strictly_beaten)


def test_the_value_of_a_margin_is_the_margin():
    """Best minus runner-up where the class is first, else class minus best."""
    logits = torch.tensor([[3.0, 1.0, -2.0], [-3.0, -1.0, -2.0]])
    assert towards(labels(0, 0), "margin").values(logits).tolist() == [2.0, -2.0]


@losses
def test_select_picks_rows_with_repeats_and_keeps_the_sign(loss):
    """Row i of a value depends on row i alone."""
    rows = labels(3, 0, 0, 2)
    for objective in (towards(CLASSES, loss), away_from(CLASSES, loss)):
        picked = objective.select(rows)
        assert type(picked) is type(objective)
        assert torch.equal(picked.values(LOGITS[rows]), objective.values(LOGITS)[rows])
        assert torch.equal(picked.margins(LOGITS[rows]), objective.margins(LOGITS)[rows])


@losses
def test_logits_of_ten_thousand_give_finite_values(loss):
    """Log-softmax, not the logarithm of a softmax."""
    logits = torch.tensor([[1e4, -1e4, 0.0]])
    for index in range(3):
        assert towards(labels(index), loss).values(logits).isfinite().all()


@pytest.mark.parametrize("bad", [-1, 5])
@losses
def test_a_class_outside_the_logits_is_refused(loss, bad):
    """One sentence, not an index error."""
    objective = towards(labels(0, bad, 0, 0), loss)
    for evaluate in (objective.values, objective.margins):
        with pytest.raises(InvalidInputError, match=r"classes must lie in \[0, 5\)"):
            evaluate(LOGITS)


def test_an_unknown_loss_is_refused():
    """With the list of known ones."""
    with pytest.raises(InvalidInputError, match="cross-entropy, logit, margin, dlr, got 'hinge'"):
        towards(CLASSES, "hinge")


def test_objectives_of_classes_look_at_the_logits():
    """So that rows with different ones share a pass."""
    assert {kind(CLASSES).tap for kind in (CrossEntropy, Logit, Margin)} == {"logits"}


def test_a_unit_of_a_flat_layer_is_its_activation():
    """One a row."""
    features = normal(4, 6)
    assert torch.equal(Unit("fc", CLASSES).values(features), features[torch.arange(4), CLASSES])


def test_a_channel_is_averaged_over_all_positions():
    """Of a layer with spatial extent."""
    features = normal(4, 6, 5, 7)
    expected = torch.stack([f[c].mean() for f, c in zip(features, CLASSES, strict=True)])
    assert_close(Unit("conv", CLASSES).values(features), expected)


def test_a_unit_aims_at_no_decision_and_can_be_selected():
    """Its margin is None."""
    unit = Unit("conv", CLASSES)
    assert unit.tap == "conv"
    assert unit.margins(LOGITS) is None
    picked = unit.select(labels(3, 3))
    assert picked.tap == "conv"
    assert picked.units.tolist() == [3, 3]


@pytest.mark.parametrize("bad", [-1, 6])
def test_a_unit_outside_the_layer_is_refused(bad):
    """Also a negative one, which Python would count from the end."""
    with pytest.raises(InvalidInputError, match=r"units must lie in \[0, 6\) of layer 'fc'"):
        Unit("fc", labels(0, bad, 1, 1)).values(normal(4, 6))


def test_a_layer_of_another_shape_is_refused():
    """It has no units to speak of."""
    with pytest.raises(InvalidInputError, match=r"must give \[N, C\], \[N, T, C\] or \[N, C, H"):
        Unit("x", CLASSES).values(normal(4, 6, 3, 2, 2))


def test_a_unit_of_tokens_is_their_last_axis_averaged():
    """A transformer puts its channels last."""
    tokens = normal(4, 7, 6)
    units = labels(0, 5, 1, 1)
    wanted = torch.stack([tokens[row, :, unit].mean() for row, unit in enumerate(units)])
    assert_close(Unit("x", units).values(tokens), wanted)
