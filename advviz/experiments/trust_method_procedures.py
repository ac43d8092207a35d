"""The method of a map as a function, so that it can be asked about other pictures and classes."""

from typing import Any

import torch
from torch import Tensor

from advviz.experiments.procedures import score_of
from advviz.experiments.reference_pictures import reference_pictures
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
    """Return the method of a map, with its parameters.

    A method that looks inside the network is asked about one picture at a time, so that each of
    its calls stays short.
    """
    explainer, params = explainer_named(spec.method), spec.params

    def explain(images: Tensor, classes: Tensor, seed: int) -> Procedure[Tensor]:
        words: dict[str, Any] = {"noise": Noise(seed)}
        if explainer.references:
            known = reference_pictures(images.shape[-1])
            words["references"] = torch.from_numpy(known.copy()).to(images)
        together = 1 if explainer.needs_module else len(images)
        found = []
        parts = torch.split(images, together), torch.split(classes, together)
        for part, asked in zip(*parts, strict=True):
            made = yield from explainer.make(part, score_of_map(spec, asked), params, **words)
            found.append(made.attributions)
        return torch.cat(found)

    return explain
