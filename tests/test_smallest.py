"""The smallest change that fools: closed forms of linear models, and the edges."""

import pytest
import torch
from attack_toys import W, asked, dual_norm, norms
from toys import Listening, binary, central, labels, linear, normal

from advviz.attacks.goal import Goal
from advviz.attacks.minimum_norm import minimum_norm
from advviz.attacks.parameters import MinimumNorm
from advviz.attacks.pgd import PGDParams, pgd
from advviz.attacks.smallest import smallest, smallest_at_once
from advviz.errors import InvalidInputError
from advviz.noise import Noise
from advviz.objectives import away_from, towards
from advviz.protocol import run

TOLERANCE = 0.01


def searched(network, images, goal, norm, *, limit=1.0, tolerance=TOLERANCE, steps=20):
    def attack(threat):
        params = PGDParams(step_size=2.5 * threat.eps / steps, steps=steps, record="nothing")
        return pgd(images, goal("cross-entropy"), threat, params, noise=Noise(0))

    margin = goal("margin")
    return run(smallest(images, margin, norm, attack, limit=limit, tolerance=tolerance), network)


def goal_towards(index):
    return lambda loss: towards(labels(index), loss)


@norms
@pytest.mark.parametrize("share", [0.01, 0.2])
def test_of_a_linear_model_it_is_the_margin_by_the_dual_norm(norm, share):
    """What is found is longer than |f| / ‖w‖ by the tolerance at most; below it none succeeds."""
    images, slope = central(1), float(dual_norm(norm, W))
    network = binary(W, bias=-float(images.flatten() @ W) - share * slope)
    found = searched(network, images, goal_towards(1), norm)
    assert share * (1 - 1e-9) <= found.distance <= share * (1 + 2 * TOLERANCE)
    assert found.held <= share * (1 + 1e-6)
    assert found.distance - found.held <= TOLERANCE * found.distance
    assert found.found.success
    assert float(getattr(found.found, norm)) == pytest.approx(found.distance)


@norms
def test_of_several_classes_it_is_never_less_than_that_of_the_nearest(norm):
    """min over k of (f_y − f_k) / ‖w_k − w_y‖ is what any attack needs: ours is honest."""
    images, weight = central(1), normal(4, 48, seed=5)
    wanted = torch.tensor([0.9, 0.2, 0.0, 0.1]).double()
    network = linear(weight, wanted - weight @ images.flatten())
    nearest = float(((0.9 - wanted[1:]) / dual_norm(norm, weight[1:] - weight[0])).min())
    found = searched(network, images, lambda loss: away_from(labels(0), loss), norm)
    assert nearest <= found.distance <= 2 * nearest
    assert run(asked(found.found.images), network).argmax() != 0


@pytest.mark.parametrize("norm", ["l1", "l2", "linf"])
def test_an_attack_that_looks_for_it_itself_is_run_once(norm):
    """It says the same of what it found, up to a limit beyond which it counts nothing."""
    images = central(1)
    least = 0.5 / float(W.norm(p={"l1": torch.inf, "l2": 2, "linf": 1}[norm]))
    network = binary(W, bias=-float(W @ images.flatten()) - 0.5)

    def attack(threat):
        goal = Goal(labels=labels(1), targeted=True)
        return minimum_norm(images, goal, threat, MinimumNorm(steps=60), noise=Noise(0))

    found = run(smallest_at_once(images, norm, attack, limit=10.0), network)
    assert least * (1 - 1e-9) <= found.distance <= 1.1 * least
    assert (found.held, len(found.trials)) == (0.0, 1)
    assert found.found.logits.argmax() == 1
    short = run(smallest_at_once(images, norm, attack, limit=0.9 * least), network)
    assert (short.found, short.distance, short.trials[0].reached) == (None, None, False)


def test_a_picture_past_the_goal_needs_no_change():
    images = central(1)
    network = Listening(binary(W, bias=1 - float(images.flatten() @ W)))
    found = searched(network, images, goal_towards(1), "l2")
    assert (found.distance, found.held, found.trials) == (0.0, 0.0, ())
    assert torch.equal(found.found.images, images)
    assert len(network.queries) == 1


def test_a_model_that_listens_to_nothing_is_not_fooled_at_any_radius():
    """It is said that the search found nothing, up to the largest radius."""
    found = searched(binary(0 * W, bias=-1.0), central(1), goal_towards(1), "linf", steps=2)
    assert found.found is None
    assert found.distance is None
    assert found.held == 1.0
    assert not any(trial.reached for trial in found.trials)
    assert [trial.eps for trial in found.trials] == sorted(trial.eps for trial in found.trials)


def test_decisions_are_exact_and_the_progress_says_which_trial_it_is():
    images = central(1)
    network = Listening(binary(W, bias=-float(images.flatten() @ W) - 0.5))
    found = searched(network, images, goal_towards(1), "l2", tolerance=0.3)
    judged = [q for q in network.queries if q.objective is None]
    assert judged
    assert all(query.exact for query in judged)
    told = {q.progress.stage for q in network.queries if q.progress and "trial" in q.progress.stage}
    assert len(told) == len(found.trials)


@pytest.mark.parametrize(("images", "tolerance"), [(central(2), 0.1), (central(1), 0.0)])
def test_what_cannot_be_searched_is_said(images, tolerance):
    with pytest.raises(InvalidInputError):
        searched(binary(W), images, goal_towards(1), "l2", tolerance=tolerance)
