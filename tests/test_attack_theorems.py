"""The attacks of the catalogue on classifiers whose worst case is known."""

from functools import partial

import pytest
import torch
from attack_toys import W, asked, best_direction
from torch.testing import assert_close
from toys import (
    SIZE,
    InParts,
    Linear,
    Listening,
    Quadratic,
    binary,
    central,
    convolutional,
    labels,
    linear,
    normal,
)
from toys import pictures as anywhere

from advviz.attacks.apgd import checkpoints
from advviz.attacks.catalogue import Goal, attacks
from advviz.attacks.square import share_left
from advviz.attacks.transfer import transfer
from advviz.models.classifier import Classifier
from advviz.noise import Noise
from advviz.objectives import TargetedDLR, away_from, towards
from advviz.protocol import run
from advviz.threat_models import threat_model

DUAL = {"l1": torch.inf, "l2": 2, "linf": 1}
"""The order of the norm that measures a gradient, for the norm of a change."""
PLENTY = {"l1": 40.0, "l2": 5.0, "linf": 1.0}
MINIMAL = [
    ("min-norm", "l1", {"steps": 100}, 0.01),
    ("min-norm", "l2", {"steps": 60}, 0.01),
    ("min-norm", "linf", {"steps": 100}, 0.01),
    ("cw", "l2", {"steps": 120, "searches": 6, "constant": 0.1}, 0.05),
    ("deepfool", "l2", {}, 0.025),
    ("deepfool", "linf", {}, 0.025),
]
minimal = pytest.mark.parametrize(("name", "norm", "words", "above"), MINIMAL)


def attack(network, images, goal, name, norm, eps, *, seed=0, early_stop=False, **words):
    entry = attacks()[name]
    threat, params = threat_model(norm, eps), entry.params(**words)
    made = entry.make(images, goal, threat, params, noise=Noise(seed), early_stop=early_stop)
    return run(made, network)


def on_the_wrong_side(image, norm):
    """Give a linear classifier, and the least distance at which it calls the image 1."""
    far = 0.5 if norm == "l1" else 3.0  # the box must not be active
    return binary(W, bias=-float(W @ image.flatten()) - far), far / float(W.norm(p=DUAL[norm]))


# --- E1, E2: the least distance -----------------------------------------------------


@minimal
def test_the_smallest_change_of_a_linear_model_is_the_closed_form(name, norm, words, above):
    """E1: |f| / ‖w‖ of the dual norm; DeepFool overshoots by 2%, as it says."""
    image = central(1)
    network, least = on_the_wrong_side(image, norm)
    found = attack(network, image, Goal(labels=labels(0)), name, norm, PLENTY[norm], **words)
    distance = float(getattr(found, norm))
    assert found.success.all()
    assert least * (1 - 1e-9) <= distance <= least * (1 + above)


@pytest.mark.parametrize("norm", ["l1", "l2", "linf"])
def test_the_smallest_change_of_an_affine_model_is_the_closed_form(norm):
    """E2: min over k of margin / ‖w_k − w_y‖ of the dual norm, to the nearest of five classes."""
    weight, images = normal(5, SIZE, seed=2), central(4, seed=6)
    network = linear(weight)
    logits = run(asked(images), network)
    true = logits.argmax(1)
    gaps = logits.gather(1, true[:, None]) - logits
    slopes = torch.linalg.vector_norm(weight[None] - weight[true][:, None], DUAL[norm], dim=2)
    distances = (gaps / slopes.clamp_min(1e-300)).scatter(1, true[:, None], torch.inf)
    least = distances.amin(1)
    found = attack(network, images, Goal(labels=true), "min-norm", norm, PLENTY[norm], steps=100)
    ratios = getattr(found, norm) / least
    assert ratios.min() >= 1 - 1e-9
    assert ratios.max() <= 1.05, "another class is a little nearer than it looks along the gradient"


@minimal
def test_eps_only_judges_the_smallest_change(name, norm, words, above):
    """A little less than the least distance is no success, and the image is the same."""
    image = central(1)
    network, least = on_the_wrong_side(image, norm)
    within = partial(attack, network, image, Goal(labels=labels(0)), name, norm)
    short, enough = within(least * 0.999, **words), within(least * (1.001 + above), **words)
    assert (short.success.tolist(), enough.success.tolist()) == ([False], [True])
    assert torch.equal(short.images, enough.images)


@pytest.mark.parametrize(("confidence", "least"), [(0.0, 0.0), (0.4, 0.0), (2.0, 1.5)])
def test_an_image_past_the_goal_is_moved_to_the_confidence(confidence, least):
    """With a margin of 0.5 it has to move by (confidence - 0.5) / ‖w‖, and not at all below."""
    image = central(1)
    network = binary(W, bias=0.5 - float(W @ image.flatten()))
    words = {"steps": 120, "searches": 6, "constant": 0.1, "confidence": confidence}
    goal = Goal(labels=labels(1), targeted=True)
    found = attack(network, image, goal, "cw", "l2", PLENTY["l2"], **words)
    assert found.success.all()
    least /= float(W.norm())
    assert least <= float(found.l2) <= 1.05 * least


class RoundedByTheBatch(Linear):
    """A linear model that takes 1e-6 from the second logit for every further row."""

    def forward(self, images):
        logits = super().forward(images)
        return logits - 1e-6 * (len(images) - 1) * torch.tensor([0.0, 1.0]).to(logits)


@pytest.mark.parametrize("norm", ["l1", "l2", "linf"])
def test_the_smallest_change_is_one_in_every_batch(norm):
    """The verification asks about three times as many rows: a bare margin would be gone."""
    image = central(1)
    network, least = on_the_wrong_side(image, norm)
    rounded = Classifier(RoundedByTheBatch(network.module.weight, network.module.bias))
    goal = Goal(labels=labels(0))
    found = attack(rounded, image, goal, "min-norm", norm, PLENTY[norm], halvings=20)
    assert found.success.all()
    assert found.logits.argmax(1).tolist() == [1]
    assert least < float(getattr(found, norm)) <= 1.01 * least


def test_a_margin_is_right_where_all_logits_are_negative():
    """C&W looks at differences of logits: a shift of all of them changes nothing."""
    image, words = central(1), {"steps": 40, "searches": 4, "learning_rate": 0.03, "constant": 0.1}
    weight = torch.stack([-W, W]) / 2
    near = -float(W @ image.flatten()) - 0.5
    networks = [linear(weight, W.new_tensor([s - near / 2, s + near / 2])) for s in (0, -1000)]
    goal = Goal(labels=labels(1), targeted=True)
    plain, shifted = (attack(n, image, goal, "cw", "l2", 1.0, **words) for n in networks)
    assert plain.success.all()
    assert shifted.logits.max() < 0
    assert_close(plain.images, shifted.images, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("name", "norm"), [("apgd-ce", "l2"), ("apgd-ce", "linf"), ("pgd", "l1")])
def test_robust_accuracy_of_a_linear_model_is_the_closed_form(name, norm):
    """E2: in the binary case a row is robust iff its margin exceeds eps · ‖w‖."""
    images = central(30, seed=5)
    network = binary(W, bias=-float(W @ central(1).flatten()))
    logits = run(asked(images), network)
    margins, slope = (logits[:, 1] - logits[:, 0]).abs(), float(W.norm(p=DUAL[norm]))
    eps = float(margins.median()) / slope * (1 + 1e-6)
    assert norm != "l1" or eps < 0.4, "the box must not be active"
    found = attack(network, images, Goal(labels=logits.argmax(1)), name, norm, eps, steps=30)
    assert found.success.tolist() == (margins < eps * slope).tolist()
    assert 0 < int(found.success.sum()) < 30


# --- E3, E4: where it ends ----------------------------------------------------------


@pytest.mark.parametrize(("norm", "tolerance"), [("l2", 1e-6), ("linf", 1e-12)])
def test_apgd_ends_at_the_optimum_of_a_linear_model(norm, tolerance):
    """E3: x + eps · w / ‖w‖ or x + eps · sign(w), from a random start."""
    images, eps = central(2), 0.2
    found = attack(
        binary(W), images, Goal(labels=labels(1, 1), targeted=True), "apgd-ce", norm, eps, steps=40
    )
    assert_close(found.images, images + eps * best_direction(norm), rtol=0, atol=tolerance)


def test_apgd_ends_at_the_corner_of_ball_and_box():
    """E4: every pixel at clamp(x ± eps), exactly."""
    images = anywhere(2)
    goal = Goal(labels=labels(0, 0))
    found = attack(binary(W), images, goal, "apgd-ce", "linf", 0.3, steps=40)
    expected = (images + 0.3 * best_direction("linf")).clamp(0, 1)
    assert_close(found.images, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["apgd-ce", "pgd", "fgsm"])
def test_towards_one_of_two_classes_is_away_from_the_other(name):
    """E3: the logarithms alone are rounded otherwise."""
    images = central(2)
    ends = [
        attack(binary(W), images, Goal(labels=c, targeted=t), name, "l2", 0.2).images
        for c, t in ((labels(1, 1), True), (labels(0, 0), False))
    ]
    assert_close(*ends, rtol=0, atol=1e-9)


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_apgd_finds_a_summit_inside_the_ball(norm):
    """Its steps begin at 2 eps, which always overshoots: only halving them gets there."""
    image = central(1)
    summit = image.flatten() + 0.02 * W / W.norm()
    network = Classifier(Quadratic(-torch.eye(SIZE, dtype=torch.float64), summit))
    eps = 0.1 if norm == "l2" else 0.02
    goal = Goal(labels=labels(0), targeted=True)
    found = attack(network, image, goal, "apgd-ce", norm, eps, steps=100)
    assert float((found.images.flatten() - summit).norm()) < 0.003
    fixed = attack(network, image, goal, "pgd", norm, eps, steps=100, step_size=2 * eps)
    assert float((fixed.images.flatten() - summit).norm()) > 0.01


# --- E8: Auto-PGD and its loss --------------------------------------------------------


def test_the_checkpoints_of_a_hundred_steps_are_the_papers():
    """E8; fewer steps have fewer, and never the last step."""
    assert checkpoints(100) == (0, 22, 41, 57, 70, 80, 87, 93, 99)
    assert checkpoints(1) == (0,)
    for steps in range(1, 200):
        marks = checkpoints(steps)
        assert list(marks) == sorted(set(marks))
        assert marks[-1] < steps


def test_the_ratio_of_logits_depends_on_neither_shift_nor_scale():
    """E8, for DLR and its targeted form."""
    logits, classes, targets = (
        normal(6, 5, seed=4),
        labels(0, 1, 2, 3, 4, 0),
        labels(1, 2, 3, 4, 0, 3),
    )
    ratios = [
        away_from(classes, "dlr"),
        towards(classes, "dlr"),
        TargetedDLR(away_from(classes, "margin"), classes, targets),
    ]
    for ratio in ratios:
        assert_close(ratio.values(logits * 7 - 30), ratio.values(logits), rtol=0, atol=1e-9)
        rows = labels(4, 4, 1)
        assert torch.equal(ratio.select(rows).values(logits[rows]), ratio.values(logits)[rows])


def test_the_targeted_ratio_is_that_of_the_paper():
    """Equation 7: −(z_y − z_t) / (z_π1 − (z_π3 + z_π4) / 2)."""
    logits = torch.tensor([[4.0, 1.0, 3.0, -2.0, 0.0]], dtype=torch.float64)
    ratio = TargetedDLR(away_from(labels(2)), labels(2), labels(4))
    assert ratio.values(logits).tolist() == pytest.approx([-(3.0 - 0.0) / (4.0 - 0.5)])
    assert ratio.margins(logits).tolist() == [1.0], "class 0 is ahead: 2 has been left"


# --- E9: more is never less -----------------------------------------------------------


@pytest.mark.parametrize(("name", "more"), [("apgd-dlr", "restarts"), ("apgd-t", "targets")])
def test_more_restarts_or_targets_never_help_the_model(name, more):
    """E9: the first searches are the same, so the best margin can only grow."""
    images = anywhere(6)
    network = InParts(convolutional(5), 1)
    goal = Goal(labels=run(asked(images), convolutional(5)).argmax(1))
    few, many = (
        attack(network, images, goal, name, "linf", 0.02, steps=8, **{more: count})
        for count in (1, 3)
    )
    margin = goal.objective("margin").margins
    assert (margin(many.logits) >= margin(few.logits)).all()


@pytest.mark.parametrize("name", ["apgd-ce", "apgd-t", "square"])
def test_an_early_stop_leaves_what_is_decided_as_it_is(name):
    """The same rows are fooled; those that never are, end at the same bytes."""
    images, words = anywhere(6), {"queries": 40} if name == "square" else {"steps": 25}
    network = InParts(convolutional(5), 1)
    goal = Goal(labels=run(asked(images), convolutional(5)).argmax(1))
    whole, stopped = (
        attack(network, images, goal, name, "linf", 0.02, early_stop=stop, **words)
        for stop in (False, True)
    )
    assert torch.equal(whole.success, stopped.success)
    held = ~whole.success
    assert torch.equal(whole.images[held], stopped.images[held])


@pytest.mark.parametrize("eps", [0.0, 0.002, 0.03])
def test_an_early_stop_keeps_the_history_of_rows_that_need_no_search(eps):
    """Two of six images are misclassified as they are: their histories end where they begin."""
    images, network = anywhere(6), linear(normal(5, SIZE, seed=2))
    labelled = run(asked(images), network).argmax(1)
    labelled[[0, 3]] = (labelled[[0, 3]] + 1) % 5
    words = {"steps": 10, "targets": 4, "restarts": 2, "early_stop": True}
    found = attack(network, images, Goal(labels=labelled), "apgd-t", "linf", eps, **words)
    assert found.history.scores.shape == (11, 6)
    assert found.history.probabilities.shape == (11, 6, 5)
    first = found.history.first_success()
    assert first[[0, 3]].tolist() == [0, 0]
    assert torch.equal(first >= 0, found.success)
    assert torch.equal(found.images[[0, 3]], images[[0, 3]])
    alone = attack(network, images[:1], Goal(labels=labelled[:1]), "apgd-t", "linf", eps, **words)
    assert alone.history.scores.shape == (11, 1)
    assert alone.history.first_success().tolist() == [0]


# --- Square, transfer --------------------------------------------------------------------


def test_square_finds_the_corner_of_ball_and_box_without_gradients():
    """E4 again: with enough questions every pixel is at clamp(x ± eps)."""
    weight, images = normal(12, seed=3), anywhere(2, (3, 2, 2))
    network = binary(weight, bias=-50)
    found = attack(network, images, Goal(labels=labels(0, 0)), "square", "linf", 0.2, queries=600)
    expected = (images + 0.2 * weight.sign().view(1, 3, 2, 2)).clamp(0, 1)
    assert_close(found.images, expected, rtol=0, atol=1e-12)
    assert found.queries.tolist() == [600, 600]


@pytest.mark.parametrize(("queries", "entries"), [(100, 100), (101, 51), (250, 84)])
def test_the_history_of_square_is_spread_over_all_questions(queries, entries):
    """It is what was said of every question that it kept, and ends with no copies of the last."""
    images = anywhere(1)
    network = Listening(binary(W, bias=-50))
    goal = Goal(labels=labels(0))
    found = attack(network, images, goal, "square", "l2", 0.5, queries=queries)
    asked_of = [query.images for query in network.queries if query.objective is not None]
    kept = asked_of[:: -(-queries // 100)]
    assert len(asked_of) == queries
    expected = run(asked(torch.cat(kept)), network).softmax(1)
    assert found.history.probabilities.shape == (entries, 1, 2)
    assert_close(found.history.probabilities[:, 0], expected, rtol=0, atol=1e-9)


def test_square_asks_until_it_succeeds():
    """A row that the first change fools has asked one question; one that holds, them all."""
    images = central(2)
    scores = images.flatten(1) @ W
    network = binary(W, bias=-float(scores[0]) + 100 * float(scores[0] > scores[1]))
    goal = Goal(labels=labels(1, 1) if scores[0] > scores[1] else labels(0, 0))
    found = attack(network, images, goal, "square", "l2", 0.01, queries=20, early_stop=True)
    assert found.queries.max() <= 20
    assert (found.queries[~found.success] == 20).all()


def test_squares_shrink_on_the_papers_schedule():
    """Halved after 10, 50, 200, ... of 10000 questions, and in proportion for fewer."""
    expected = {10: 1, 11: 2, 50: 2, 51: 4, 201: 8, 501: 16, 1001: 32, 2001: 64, 8001: 512}
    assert {n: 1 / share_left(n, 10000) for n in expected} == expected
    assert share_left(26, 5000) == share_left(52, 10000)


def test_a_transfer_counts_what_the_change_alone_did():
    """Of four rows one is fooled before and after, one by the change, one never, one cured."""
    network = binary(torch.ones(12, dtype=torch.float64), bias=-6.0)  # class 1 above grey
    before = torch.tensor([0.6, 0.4, 0.4, 0.6], dtype=torch.float64).view(4, 1, 1, 1)
    after = torch.tensor([0.7, 0.6, 0.3, 0.4], dtype=torch.float64).view(4, 1, 1, 1)
    before, after = before.expand(4, 3, 2, 2), after.expand(4, 3, 2, 2)
    found = run(transfer(before, after, away_from(labels(0, 0, 0, 0))), network)
    assert found.reached_before.tolist() == [True, False, False, True]
    assert found.reached.tolist() == [True, True, False, False]
    assert found.transferred.tolist() == [False, True, False, False]
