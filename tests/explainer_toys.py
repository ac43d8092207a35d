"""Every explainer of the catalogue that is a pure procedure, told to do so little that a test
can afford it."""

from toys import SHAPE, pictures

from advviz.explain.catalogue import explainers
from advviz.explain.inside import VIT
from advviz.noise import Noise

FEW = {
    "smoothgrad": {"samples": 9},
    "integrated-gradients": {"steps": 9},
    "expected-gradients": {"samples": 9},
    "occlusion": {"window": 2, "stride": 1},
    "rise": {"masks": 40, "cells": 2},
}
INSIDE = [name for name, e in explainers().items() if e.needs_module and e.network != VIT]
"""Those that look inside a network of any kind."""
PURE = [name for name, explainer in explainers().items() if not explainer.needs_module]


def begin(name, images, objective, *, seed=0, shape=SHAPE, **words):
    """Begin an explainer; one that compares with real pictures gets three."""
    explainer = explainers()[name]
    params = explainer.params(**FEW.get(name, {}) | words)
    found = {"noise": Noise(seed)}
    if explainer.references:
        found["references"] = pictures(3, shape, seed=9).to(images)
    return explainer.make(images, objective, params, **found)
