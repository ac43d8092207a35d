"""The method of a map as a function, so that it can be asked about other pictures and classes."""

from torch import Tensor

from advviz.experiments.procedures import score_of
from advviz.experiments.specs import ExplainSpec
from advviz.explain.catalogue import explainer_named
from advviz.explain.trust import Explain
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Procedure


def score_of_map(spec: ExplainSpec, classes: Tensor) -> Objective:
    """Return the score that a map explains, for classes int64 [N]."""
    return score_of(spec.objective, explainer_named(spec.method).score, classes)


def method_of(spec: ExplainSpec) -> Explain:
    """Return the method of a map, with its parameters."""
    explainer, params = explainer_named(spec.method), spec.params

    def explain(images: Tensor, classes: Tensor, seed: int) -> Procedure[Tensor]:
        objective = score_of_map(spec, classes)
        found = yield from explainer.make(images, objective, params, noise=Noise(seed))
        return found.attributions

    return explain
