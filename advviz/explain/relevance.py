"""Layer-wise relevance propagation: the score is handed back layer by layer, in shares.

For networks of convolutions, batch norm, activations that are zero at zero, pooling, sums and
linear layers: what the rules are made for. Captum's refuses SiLU, and a ReLU that is used twice.
"""

from typing import Any

import torch
from torch import Tensor, nn

from advviz.errors import InvalidInputError
from advviz.explain.gradient import Explanation
from advviz.explain.inside_parameters import EPSILON, Relevance
from advviz.explain.relevance_plan import Affine, Plan, scaled_by_norm
from advviz.explain.rules import (
    Elementwise,
    Rules,
    refuse_another_network,
    refuse_layers,
    slope,
    tiny,
    with_multiplier,
)
from advviz.objectives import Objective
from advviz.protocol import Answer, Call, Procedure, Progress, Query


def relevance(images: Tensor, objective: Objective, params: Relevance) -> Procedure[Explanation]:
    """Hand a class's score back to the pixels, each layer's output to its inputs in shares.

    Batch norm is taken together with the convolution before it. An activation hands on what it
    got; a SiLU is its input times a gate, and the gate gets nothing. Sums share by their terms.

    Args:
        images: [N, C, H, W] in [0, 1].
        objective: such as `Logit(classes)`, linear in the logits.
        params: the rules and their weights.

    Returns:
        Shares of the score; `conserved` [N] among the facts is their sum. What it lacks of the
        score went to biases, which are no pixels.

    Raises:
        InvalidInputError: the network has a step that the rules do not cover (attention, layer
            norm, products of features), its first layer is not all that reads the picture or
            gets it rearranged or mixed, or the objective looks at a layer.

    Reference: Bach et al., PLoS ONE 2015; Montavon et al., 2019, "Layer-wise relevance
    propagation: an overview", sections 10.2 and 10.3; gates: Arras et al., 2019,
    arXiv:1909.12114.
    """
    refuse_layers(objective)
    plan = Plan()
    yield Call(lambda module: plan.watch(module, images), Progress("LRP", 0, 2))
    plan.refuse_uncovered()
    shares, rewritten = yield Call(
        lambda module: _shares(module, images, objective, plan, params), Progress("LRP", 1, 2)
    )
    final: Answer = yield Query(images, objective, gradient=False, exact=True)
    refuse_another_network("LRP", rewritten, final.logits)
    facts = {"conserved": shares.flatten(1).sum(1)}
    return Explanation(shares, final.values, final.logits, facts)


class RelevanceRules(Rules):
    """Pass relevance per unit of activation back: where x is active, its relevance is x times it.

    In this form every linear step has its ordinary way back, and only the sharing among the
    inputs of a layer differs.

    Args:
        plan: what the network does.
        params: the rules.
    """

    def __init__(self, plan: Plan, params: Relevance) -> None:
        super().__init__()
        self.plan, self.params = plan, params
        self.number = -1
        """Of the last convolution or linear layer that was called."""
        self.latest: Tensor | None = None
        """What it put out."""
        self.first: list[Tensor] = []
        """What the first layer gets, and what it would get of a black and of a white picture."""
        self.received: Tensor | None = None
        """What the first layer gets, with its way back to the pixels."""

    def activation(self, _name: str, function: Elementwise, inputs: Tensor) -> Tensor:
        """Hand on what came: the share of the input is all of it."""
        outputs = function(inputs)
        still = inputs.abs() < tiny(inputs)
        gate = outputs / inputs.masked_fill(still, 1)
        return with_multiplier(
            outputs, inputs, torch.where(still, slope(function, inputs), gate).detach()
        )

    def other(self, name: str, func: Any, args: Any, words: dict[str, Any]) -> Any:
        """Share at convolutions and linear layers; batch norms after them are done already."""
        if name in Plan.AFFINE and args[0].requires_grad:
            self.number += 1
            affine = Affine.of(func, args, words)
            if self.number in self.plan.norms:
                affine = scaled_by_norm(affine, self.plan.norms[self.number])
            self.latest = self._shared(affine, args[0])
            return self.latest
        if name == "batch_norm" and self.number in self.plan.norms and args[0] is self.latest:
            self.latest = None  # another batch norm right after this one is a step of its own
            return args[0]
        return func(*args, **words)

    def _shared(self, affine: Affine, inputs: Tensor) -> Tensor:
        outputs = affine(inputs.detach())
        if self.number == 0:
            self.received = inputs
            self.first = [end.detach().requires_grad_() for end in (inputs, *self.plan.ends)]
            inputs = self.first[0]
        weighed = self._weighed(affine, inputs, outputs)
        found = weighed.detach()
        away = (found.sign() + (found == 0)) * max(self.params.epsilon, tiny(found) ** 2)
        return with_multiplier(outputs, weighed, outputs / (found + away))

    def _weighed(self, affine: Affine, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Return what is shared by: a sum over inputs whose terms are their shares."""
        if self.params.rules == EPSILON:
            return affine(inputs)
        if self.number == 0:
            return _in_box(affine, *self.first)
        if affine.name == "linear":
            return affine(inputs)
        return _preferring(affine, inputs, outputs, self.params.gamma)


def _in_box(affine: Affine, inputs: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Weigh inputs by how far they are from the end of the box that speaks against the output."""
    without = affine.with_bias(None)
    return without(inputs) - without.kept(above=True)(low) - without.kept(above=False)(high)


def _preferring(affine: Affine, inputs: Tensor, outputs: Tensor, gamma: float) -> Tensor:
    """Add gamma times the contributions that have the sign of the output.

    Of inputs with both signs (SiLU's dip below zero) these are products of equal signs for
    positive outputs, and of different ones for negative outputs.
    """
    above, below = inputs * (inputs > 0), inputs * (inputs <= 0)
    positive, negative = affine.kept(above=True), affine.kept(above=False)
    up = positive(above) + negative.with_bias(None)(below)
    down = negative(above) + positive.with_bias(None)(below)
    return affine(inputs) + gamma * torch.where(outputs > 0, up, down)


def _shares(
    module: nn.Module, images: Tensor, objective: Objective, plan: Plan, params: Relevance
) -> tuple[Tensor, Tensor]:
    rules = RelevanceRules(plan, params)
    pixels = images.detach().clone().requires_grad_()
    with rules:
        logits: Tensor = module(pixels)
    score = objective.values(logits).sum()
    beside, *arrived = torch.autograd.grad(score, (pixels, *rules.first), allow_unused=True)
    if beside is not None:  # what the first layer gets is cut off from the pixels
        raise InvalidInputError(
            "LRP needs a network whose first layer alone reads the picture, and this one reads "
            "it again beside that layer, where there are no shares; choose another method"
        )
    parts = [
        torch.zeros_like(end) if found is None else end.detach() * found
        for end, found in zip(rules.first, arrived, strict=True)
    ]
    shares = torch.stack(parts).sum(0)
    return _on_pixels(shares, pixels, rules.received), logits.detach()


def _on_pixels(shares: Tensor, pixels: Tensor, received: Tensor | None) -> Tensor:
    """Return shares of what the first layer gets as shares of the pixels that it was made of.

    That is the picture, each channel scaled and shifted, or the mean of its channels.
    """
    count, channels, *size = pixels.shape
    for kept in (channels, 1):
        shape = (count, kept, *size)
        if received is not None and shares.numel() == count * kept * pixels[0, 0].numel():
            if not _in_place(pixels, received, shape):
                break
            return (shares.view(shape) * kept / channels).expand_as(pixels).clone()
    raise InvalidInputError(
        "LRP needs a first layer that gets the picture itself or the mean of its channels, got "
        f"{list(shares.shape)} there, rearranged or mixed; choose another method"
    )


def _in_place(pixels: Tensor, received: Tensor, shape: tuple[int, ...]) -> bool:
    """Say whether numbers that are pulled back to the pixels come out in their own places.

    As many numbers as pixels may also be the picture's blocks, or its channels in another order.
    """
    generator = torch.Generator().manual_seed(0)
    sent = 1 + torch.rand(shape, generator=generator, dtype=torch.float64).to(pixels)
    (came,) = torch.autograd.grad(received, pixels, sent.view_as(received))
    scales = (came / sent).transpose(0, 1).reshape(shape[1], -1)  # by channel, or of all at once
    spread = scales.amax(1) - scales.amin(1)
    return bool(spread.max() <= tiny(scales) * scales.abs().max())
