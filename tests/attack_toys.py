"""What the tests of attacks share: a direction, its norms, and how an attack is run."""

import pytest
from toys import SIZE, normal

from advviz.attacks.pgd import PGDParams, pgd
from advviz.noise import Noise
from advviz.objectives import LOSSES
from advviz.protocol import Query, run

W = normal(SIZE, seed=11)
norms = pytest.mark.parametrize("norm", ["l2", "linf"])
losses = pytest.mark.parametrize("loss", sorted(set(LOSSES) - {"dlr"}))  # two classes have no third


def attack(network, images, objective, threat, *, seed=0, **params):
    found = pgd(images, objective, threat, PGDParams(**params), noise=Noise(seed))
    return run(found, network)


def best_direction(norm, weight=W):
    """Return the change of norm 1 that raises w · x most."""
    direction = weight / weight.norm() if norm == "l2" else weight.sign()
    return direction.view(1, 3, 4, 4)


def dual_norm(norm, rows):
    return rows.abs().sum(-1) if norm == "linf" else rows.norm(dim=-1)


def asked(images):
    answer = yield Query(images, gradient=False)
    return answer.logits
