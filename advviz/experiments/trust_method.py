"""The method of a map as a function, so that it can be asked about other pictures and classes."""

from torch import Tensor

from advviz.experiments.procedures import _score
from advviz.experiments.specs import ExplainSpec
from advviz.explain.gradient import gradient
from advviz.explain.smoothgrad import SmoothGradParams, smoothgrad
from advviz.explain.trust import Explain
from advviz.noise import Noise
from advviz.objectives import Objective
from advviz.protocol import Procedure


def score_of_map(spec: ExplainSpec, classes: Tensor) -> Objective:
    """Return the score that a map explains, for classes int64 [N]."""
    return _score(spec.objective, classes)


def method_of(spec: ExplainSpec) -> Explain:
    """Return the method of a map, with its parameters."""

    def explain(images: Tensor, classes: Tensor, seed: int) -> Procedure[Tensor]:
        objective = score_of_map(spec, classes)
        if spec.method == "gradient":
            found = yield from gradient(images, objective)
        else:
            params = SmoothGradParams(samples=spec.samples, sigma=spec.sigma)
            found = yield from smoothgrad(images, objective, params, noise=Noise(seed))
        return found.attributions

    return explain
