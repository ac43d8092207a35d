"""Attacks whose saved file still fools: rounding that keeps its length, and the search with it."""

import pytest
import torch
from attack_toys import W, asked, norms
from catalogue_toys import CASES, EPS, begin
from toys import Listening, binary, central, convolutional, labels, normal, pictures

from advviz.attacks import eight_bit
from advviz.attacks.catalogue import attacks
from advviz.attacks.eight_bit import SLACK, in_eight_bits, saved
from advviz.attacks.pgd import PGDParams, pgd
from advviz.attacks.result import rounded_to_eight_bits
from advviz.errors import InvalidInputError
from advviz.noise import Noise
from advviz.objectives import away_from, towards
from advviz.protocol import run
from advviz.threat_models import L2Ball, LinfBall, threat_model

V = W.sign() * (1 + 0.3 * W.argsort().argsort() / len(W))
"""A direction whose entries are all of about one size: no few of them take up the budget."""


def on_levels(count=1, seed=0):
    return (central(count, seed=seed) * 255).round() / 255


def levels(images, others):
    return ((others - images) * 255).round()


@norms
@pytest.mark.parametrize("eps", [0.001, 0.005, 0.02, 0.1, 0.4])
def test_what_is_rounded_can_be_saved_and_is_no_longer_than_before(norm, eps):
    """From pictures of 8 bits, anywhere in the box, at any length of the change."""
    images, threat = rounded_to_eight_bits(pictures(4)), threat_model(norm, eps)
    candidates = threat.project(images, images + eps * normal(4, 48, seed=3).view_as(images))
    found = in_eight_bits(images, candidates, threat)
    torch.testing.assert_close(found, rounded_to_eight_bits(found), rtol=0, atol=1e-12)
    assert found.min() >= 0
    assert found.max() <= 1
    assert (threat.distance(images, found) <= threat.distance(images, candidates) + SLACK).all()


def test_a_small_budget_moves_the_pixels_that_matter_most_by_one_level():
    """The knapsack of single levels: 5 of them fit, and the 5 largest gains are taken."""
    images, threat = on_levels(), L2Ball((5.9**0.5) / 255)
    candidates = images + threat.eps * (V / V.norm()).view_as(images)
    assert torch.equal(rounded_to_eight_bits(candidates), images)  # plain rounding does nothing
    moved = levels(images, in_eight_bits(images, candidates, threat)).flatten()
    largest = V.abs().topk(5).indices
    wanted = torch.zeros_like(V)
    wanted[largest] = V[largest].sign()
    assert torch.equal(moved, wanted)


def test_in_linf_no_pixel_moves_by_more_than_the_whole_levels_of_the_budget():
    images, threat = on_levels(), LinfBall(2.7 / 255)
    candidates = threat.project(images, images + W.sign().view_as(images))
    moved = levels(images, in_eight_bits(images, candidates, threat)).flatten()
    assert torch.equal(moved, 2 * W.sign())


def test_a_picture_that_is_no_file_itself_is_rounded_as_well_as_can_be():
    images, threat = on_levels() + 0.3 / 255, LinfBall(0.1 / 255)
    found = in_eight_bits(images, threat.project(images, images + 1), threat)
    torch.testing.assert_close(found, rounded_to_eight_bits(images), rtol=0, atol=1e-12)


def search(images, objective, threat, **words):
    params = PGDParams(step_size=threat.eps / 8, steps=20, record="pictures", **words)
    return pgd(images, objective, threat, params, noise=Noise(0))


def attacked_on_file(images, objective, threat, network, **words):
    return run(
        saved(images, objective, threat, search(images, objective, threat, **words)), network
    )


def test_the_file_fools_where_plain_rounding_undoes_the_attack():
    """A linear model that gives way to 90% of what five levels can do."""
    images, threat = on_levels(), L2Ball((5.9**0.5) / 255)
    gain = float(V.abs().topk(5).values.sum()) / 255
    network = binary(V, bias=-float(images.flatten() @ V) - 0.9 * gain)
    goal = towards(labels(1))
    plain = run(search(images, goal, threat), network)
    assert plain.success
    assert plain.eight_bit_logits.argmax() == 0
    found = attacked_on_file(images, goal, threat, network)
    assert found.success
    assert found.eight_bit_logits.argmax() == 1
    assert (found.l2 <= threat.eps).all()


@norms
@pytest.mark.parametrize("early_stop", [False, True])
def test_every_picture_that_is_judged_is_a_file(norm, early_stop):
    """Those that are asked about with an objective, those of the history, the one returned."""
    images, threat = on_levels(seed=2), threat_model(norm, 0.02)
    network = Listening(convolutional())
    goal = away_from(labels(int(run(asked(images), network).argmax())))
    found = attacked_on_file(
        images, goal, threat, network, random_start=True, restarts=2, early_stop=early_stop
    )
    shown = [query.images for query in network.queries if query.objective is not None]
    for pictured in (*shown, found.history.pictures[:, 0], found.images):
        torch.testing.assert_close(pictured, rounded_to_eight_bits(pictured), rtol=0, atol=1e-9)
    assert threat.distance(images, found.images) <= threat.eps
    torch.testing.assert_close(found.logits, found.eight_bit_logits, rtol=0, atol=1e-6)
    best = max(float(goal.margins(run(asked(each[None]), network))) for p in shown for each in p)
    assert float(goal.margins(found.logits)) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "norm"), [case for case in CASES if not attacks()[case[0]].minimal]
)
def test_every_attack_within_a_ball_can_search_among_files(name, norm):
    """Square goes on counting its questions."""
    images, threat = on_levels(seed=2), threat_model(norm, EPS[norm])
    network = Listening(convolutional(5))
    classes = labels(int(run(asked(images), network).argmax()))
    margin = away_from(classes, "margin")
    search = begin(name, norm, images, classes, record="pictures")
    found = run(saved(images, margin, threat, search), network)
    shown = [query.images for query in network.queries if query.objective is not None]
    for pictured in (*shown, found.images):
        torch.testing.assert_close(pictured, rounded_to_eight_bits(pictured), rtol=0, atol=1e-9)
    assert len(shown) > 1
    assert threat.distance(images, found.images) <= threat.eps
    best = max(float(margin.margins(run(asked(each[None]), network))) for p in shown for each in p)
    assert float(margin.margins(found.logits)) == pytest.approx(best, abs=1e-6)
    assert (found.queries is not None) == (name == "square")


def test_several_images_are_refused_in_words():
    images, threat = on_levels(2), L2Ball(0.1)
    goal = towards(labels(1, 1))
    with pytest.raises(InvalidInputError, match="one by one"):
        run(saved(images, goal, threat, search(images, goal, threat)), binary(W))


def test_no_budget_returns_the_picture():
    images = on_levels()
    found = attacked_on_file(images, towards(labels(1)), L2Ball(0.0), binary(W))
    assert torch.equal(found.images, images)


def test_the_search_within_is_closed_when_it_is_left():
    images, threat = on_levels(), L2Ball(0.1)
    within = search(images, towards(labels(1)), threat)
    procedure = eight_bit.saved(images, towards(labels(1)), threat, within)
    next(procedure)
    procedure.close()
    assert within.gi_frame is None
