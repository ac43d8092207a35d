"""Every attack of the catalogue, told to make so few steps that a test can afford it."""

from advviz.attacks.catalogue import attacks
from advviz.attacks.goal import Goal
from advviz.noise import Noise
from advviz.threat_models import threat_model

FEW = {
    "pgd": {"steps": 4, "restarts": 2},
    "apgd-ce": {"steps": 12},
    "apgd-dlr": {"steps": 12},
    "apgd-t": {"steps": 7, "targets": 2},
    "cw": {"steps": 8, "searches": 3, "learning_rate": 0.1},
    "min-norm": {"steps": 12, "halvings": 3},
    "square": {"queries": 25},
    "deepfool": {"steps": 3},
    "hopskipjump": {"steps": 2, "first_evaluations": 5, "most_evaluations": 10},
    "ead": {"steps": 15, "searches": 3, "learning_rate": 0.1},
}
EPS = {"l1": 3.0, "l2": 0.6, "linf": 0.1}
CASES = [(name, norm) for name, attack in attacks().items() for norm in attack.norms]


def begin(name, norm, images, classes, *, eps=None, seed=0, targeted=False, **words):
    """Begin an attack away from some classes, or towards them."""
    attack = attacks()[name]
    threat = threat_model(norm, EPS[norm] if eps is None else eps)
    goal, params = Goal(labels=classes, targeted=targeted), attack.params(**FEW.get(name, {}))
    return attack.make(images, goal, threat, params, noise=Noise(seed), **words)
