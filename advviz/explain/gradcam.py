"""Grad-CAM: where a layer's channels that speak for a class are active."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn

from advviz.errors import InvalidInputError, UnknownNameError
from advviz.explain.gradient import Explanation
from advviz.explain.guided import guided_backprop
from advviz.explain.inside_parameters import GradCam, GuidedGradCam
from advviz.explain.places import enlarged, grid_of, joins_tokens
from advviz.explain.rules import refuse_layers
from advviz.fields import AUTO
from advviz.objectives import Objective
from advviz.protocol import Answer, Call, Procedure, Progress, Query


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A layer's coarse map [N, 1, h, w], its name, and the logits [N, K] of the same pass."""

    coarse: Tensor
    layer: str
    logits: Tensor


def grad_cam(images: Tensor, objective: Objective, params: GradCam) -> Procedure[Explanation]:
    """Weigh a layer's channels by their mean gradient, and add up where they are active.

    Of a transformer's tokens, those of the picture are laid out on their grid. The default
    layer is the last one with places through which the score's gradient passes: in a vision
    transformer only the class token leaves the last blocks, where a map would be blank. The
    matrix of attention between tokens is passed over: its rows and columns are no places.

    Args:
        images: [N, C, H, W] in [0, 1].
        objective: such as `Logit(classes)`.
        params: the layer, by its name as in `module.named_modules()`; whether only what speaks
            for the class is kept (the paper's ReLU); how the map is enlarged.

    Returns:
        The coarse map, enlarged, [N, 1, H, W]. Among the facts are `layer`, `grid`
        (rows and columns of the coarse map) and `blank`: nothing spoke for the class.

    Raises:
        UnknownNameError: the network has no such layer.
        InvalidInputError: the layer has no places, or the objective looks at a layer.

    Reference: Selvaraju et al., ICCV 2017, section 3, arXiv:1610.02391.
    """
    refuse_layers(objective)
    seen: _Seen = yield Call(
        lambda module: _seen(module, images, objective, params.layer), Progress("Grad-CAM", 0, 1)
    )
    coarse = seen.coarse.clamp(min=0) if params.positive else seen.coarse
    final: Answer = yield Query(images, objective, gradient=False, exact=True)
    facts = {
        "layer": seen.layer,
        "grid": list(coarse.shape[2:]),
        "blank": not bool(coarse.any()),
    }
    large = enlarged(coarse, images, params.upsampling)
    return Explanation(large, final.values, final.logits, facts)


def guided_grad_cam(
    images: Tensor, objective: Objective, params: GuidedGradCam
) -> Procedure[Explanation]:
    """Multiply guided backpropagation by the enlarged, ReLU'd Grad-CAM map.

    Args:
        images: [N, C, H, W] in [0, 1].
        objective: such as `Logit(classes)`.
        params: as for `grad_cam`; the map is always the positive one.

    Raises:
        UnknownNameError: the network has no such layer.
        InvalidInputError: as for `grad_cam` and `guided_backprop`.

    Reference: Selvaraju et al., ICCV 2017, section 3.2, arXiv:1610.02391.
    """
    positive = GradCam(layer=params.layer, upsampling=params.upsampling)
    where = yield from grad_cam(images, objective, positive)
    what = yield from guided_backprop(images, objective)
    facts = {**what.facts, **where.facts}
    return Explanation(what.attributions * where.attributions, where.values, where.logits, facts)


def _seen(module: nn.Module, images: Tensor, objective: Objective, layer: str) -> _Seen:
    outputs, logits = _watched(module, images, layer)
    score = objective.values(logits).sum()
    tokens = {found.shape[1] for found in outputs.values() if found.ndim == 3}
    grids = {
        name: None if joins_tokens(found.shape, tokens) else grid_of(found.shape, images)
        for name, found in outputs.items()
    }
    last: _Seen | None = None
    for name in reversed(outputs):
        grid, activations = grids[name], outputs[name]
        if grid is None:
            continue
        (found,) = torch.autograd.grad(
            score, activations, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        gradient = grid.channels_first(found)
        weights = gradient.mean((2, 3), keepdim=True)
        coarse = (weights * grid.channels_first(activations)).sum(1, keepdim=True)
        last = last or _Seen(coarse.detach(), name, logits.detach())
        if gradient.any():
            return _Seen(coarse.detach(), name, logits.detach())
    if last is None:
        raise InvalidInputError(_without_places(layer, outputs))
    return last


def _without_places(layer: str, outputs: Mapping[str, Tensor]) -> str:
    if layer == AUTO:
        return (
            "Grad-CAM needs a layer with places in the picture, and this network has none; "
            "choose another method"
        )
    return (
        f"Grad-CAM needs a layer with places in the picture, and {layer!r} gives "
        f"{list(outputs[layer].shape)}; choose one that ends in height and width, or in tokens"
    )


def _watched(module: nn.Module, images: Tensor, layer: str) -> tuple[dict[str, Tensor], Tensor]:
    """Run a network and keep what layers put out, in the order in which they are done.

    The network goes on with a copy, so that what follows in place leaves the kept one alone.
    """
    names = {name: part for name, part in module.named_modules() if name}
    if layer != AUTO and layer not in names:
        similar = get_close_matches(layer[:80], names, n=5, cutoff=0.3) or [*names][:5]
        raise UnknownNameError(
            f"the network has no layer called {layer[:80]!r}; it has {', '.join(similar)}, "
            f"{len(names)} in all"
        )
    if layer == AUTO:  # a linear layer mixes channels that mean nothing one by one: query, key...
        chosen = {n: part for n, part in names.items() if not isinstance(part, nn.Linear)}
    else:
        chosen = {layer: names[layer]}
    outputs: dict[str, Tensor] = {}

    def keeper(name: str) -> Any:
        def keep(_module: nn.Module, _inputs: Any, output: Any) -> Any:
            if not (isinstance(output, Tensor) and output.requires_grad):
                return output  # what does not depend on the picture says nothing of it
            outputs.pop(name, None)  # a layer that is called again stands where it was last
            outputs[name] = output
            return output.clone()

        return keep

    handles = [part.register_forward_hook(keeper(name)) for name, part in chosen.items()]
    try:
        logits: Tensor = module(images.detach().clone().requires_grad_())
    finally:
        for handle in handles:
            handle.remove()
    if not outputs and layer != AUTO:
        raise InvalidInputError(
            f"layer {layer!r} gives no single tensor that depends on the picture, or is not "
            "called; choose another layer"
        )
    return outputs, logits
