"""Guided backpropagation: the gradient, but only what speaks for the class at every rectifier."""

from torch import Tensor

from advviz.explain.gradient import Explanation
from advviz.explain.rules import (
    RECTIFIERS,
    Elementwise,
    Rules,
    pulled_back,
    refuse_another_network,
    slope,
    with_multiplier,
)
from advviz.objectives import Objective
from advviz.protocol import Answer, Call, Procedure, Progress, Query


class GuidedRules(Rules):
    """At each rectifier, pass back what is positive, through slopes that are positive.

    Of ReLU this is the paper's rule, and Captum's. SiLU and GELU have a slope between and a
    little beyond those of ReLU, which dips below zero: there nothing passes, so that two
    negatives never make evidence.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rectifiers: list[str] = []

    def activation(self, name: str, function: Elementwise, inputs: Tensor) -> Tensor:
        """Hold back negative gradients, from above and by the slope."""
        if name not in RECTIFIERS:
            return function(inputs)
        self.rectifiers.append(name)
        outputs = with_multiplier(function(inputs), inputs, slope(function, inputs).clamp(min=0))
        outputs.register_hook(lambda above: above.clamp(min=0))  # type: ignore[no-untyped-call]
        return outputs


def guided_backprop(images: Tensor, objective: Objective) -> Procedure[Explanation]:
    """Pull a class's score back through rectifiers that let only positive gradients pass.

    Args:
        images: [N, C, H, W] in [0, 1].
        objective: such as `Logit(classes)`.

    Returns:
        What arrives at the pixels; no gradient of anything. The facts say how many rectifiers
        were met (`rectifiers`) and which (`activations`): without any, it is the gradient.

    Raises:
        InvalidInputError: the objective looks at a layer, or the network cannot be followed.

    Reference: Springenberg et al., ICLR 2015 workshop, section 3.4, arXiv:1412.6806. Adebayo et
    al., NeurIPS 2018, arXiv:1810.03292, show that it hardly depends on the upper layers.
    """
    rules = GuidedRules()
    progress = Progress("guided backpropagation", 0, 1)
    arrived, rewritten = yield Call(
        lambda module: pulled_back(module, images, objective, rules), progress
    )
    final: Answer = yield Query(images, objective, gradient=False, exact=True)
    refuse_another_network("guided backpropagation", rewritten, final.logits)
    facts = {
        "rectifiers": len(rules.rectifiers),
        "activations": ", ".join(dict.fromkeys(rules.rectifiers)),
    }
    return Explanation(arrived, final.values, final.logits, facts)
