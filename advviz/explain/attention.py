"""Attention rollout and gradient attention: where a vision transformer's class token looks."""

from dataclasses import dataclass
from inspect import signature
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from advviz.errors import InvalidInputError
from advviz.explain.gradient import Explanation
from advviz.explain.places import enlarged, token_grid
from advviz.explain.rules import refuse_another_network, refuse_layers
from advviz.objectives import Objective
from advviz.protocol import Answer, Call, Procedure, Progress, Query


class AttentionWatch(TorchFunctionMode):
    """Keep the attention weights of every block, wherever they are computed.

    PyTorch's fused attention hands none out, and a block asks for none. Here attention is
    computed in its three steps, and the weights are part of the graph: what comes out is the
    same, and gradients by them can be taken.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights: list[Tensor] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Watch one call."""
        words = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if name == "multi_head_attention_forward":
            return self._multi_head(func, args, words)
        if name == "scaled_dot_product_attention":
            return self._attention(*args, **words)
        result = func(*args, **words)
        if name == "softmax":
            self._keep(result)
        return result

    def _keep(self, weights: Tensor) -> None:
        if weights.ndim == 4 and weights.shape[-1] == weights.shape[-2] and weights.requires_grad:
            self.weights.append(weights)

    def _attention(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,  # noqa: ARG002  # networks are in evaluation mode
        is_causal: bool = False,
        scale: float | None = None,
        **others: Any,
    ) -> Tensor:
        """Attend, [N, heads, T, d] each."""
        if attn_mask is not None or is_causal or any(others.values()):
            return functional.scaled_dot_product_attention(
                query, key, value, attn_mask, is_causal=is_causal, scale=scale, **others
            )
        factor = 1 / sqrt(query.shape[-1]) if scale is None else scale
        weights = (factor * query @ key.transpose(-2, -1)).softmax(-1)
        self._keep(weights)
        return weights @ value

    def _multi_head(self, func: Any, args: Any, words: dict[str, Any]) -> Any:
        """Do what nn.MultiheadAttention does, [T, N, E] in and out."""
        told = signature(func).bind(*args, **words)
        told.apply_defaults()
        given = told.arguments
        unusual = ("bias_k", "bias_v", "add_zero_attn", "attn_mask", "key_padding_mask")
        if given["use_separate_proj_weight"] or any(
            given[name] is not None and given[name] is not False for name in unusual
        ):
            return func(*args, **words)
        sources = (given["query"], given["key"], given["value"])
        weights = given["in_proj_weight"].chunk(3)
        bias = given["in_proj_bias"]
        biases = (None,) * 3 if bias is None else bias.chunk(3)
        query, key, value = (
            functional.linear(source, weight, by)
            .view(*source.shape[:2], given["num_heads"], -1)
            .permute(1, 2, 0, 3)
            for source, weight, by in zip(sources, weights, biases, strict=True)
        )
        attended = self._attention(query, key, value).permute(2, 0, 1, 3).flatten(2)
        return functional.linear(attended, given["out_proj_weight"], given["out_proj_bias"]), None


@dataclass(frozen=True, slots=True, eq=False)
class _Watched:
    """What one pass showed: a row of the picture's tokens [N, T], the logits, some facts."""

    row: Tensor
    logits: Tensor
    blocks: int
    heads: int


def attention_rollout(images: Tensor, objective: Objective) -> Procedure[Explanation]:
    """Multiply the attention of all blocks, each mixed half and half with the skip connection.

    Heads are averaged. It is the same for every class: no score enters it. Without a class
    token the mean over all tokens stands for it.

    Args:
        images: [N, C, H, W] in [0, 1].
        objective: its values are reported; the map does not depend on it.

    Returns:
        The share of each patch, enlarged; `grid`, `blocks` and `heads` are among the facts.

    Raises:
        InvalidInputError: the network is no vision transformer whose blocks attend over all of
            the picture's patches.

    Reference: Abnar & Zuidema, ACL 2020, section 3, arXiv:2005.00928.
    """
    return (yield from _explained(images, objective, "attention rollout", _rolled_out))


def gradient_attention(images: Tensor, objective: Objective) -> Procedure[Explanation]:
    """Add up attention along the blocks, where more of it would raise the class's score.

    In each block the weights are multiplied by the score's gradient by them, negative products
    are dropped, heads are averaged, and what earlier blocks gathered is passed on.

    Args:
        images: [N, C, H, W] in [0, 1].
        objective: such as `Logit(classes)`.

    Returns:
        The relevance of each patch, enlarged; facts as for `attention_rollout`.

    Raises:
        InvalidInputError: as for `attention_rollout`.

    Reference: Chefer et al., ICCV 2021, section 3, arXiv:2103.15679, for self-attention alone.
    """
    return (yield from _explained(images, objective, "gradient attention", _weighed))


def _explained(
    images: Tensor, objective: Objective, method: str, rule: Any
) -> Procedure[Explanation]:
    refuse_layers(objective)

    def watched(module: nn.Module) -> _Watched:
        weights, logits = _attention_of(module, images, method)
        row = rule(weights, objective.values(logits).sum())
        return _Watched(row.detach(), logits.detach(), len(weights), weights[0].shape[1])

    seen: _Watched = yield Call(watched, Progress(method, 0, 1))
    final: Answer = yield Query(images, objective, gradient=False, exact=True)
    refuse_another_network(method, seen.logits, final.logits)
    grid = token_grid(seen.row.shape[1])
    if grid is None:
        raise InvalidInputError(
            f"{method} needs tokens that lie on a square, got {seen.row.shape[1]} of them; "
            "choose Grad-CAM"
        )
    coarse = grid.channels_first(seen.row[..., None])
    facts = {"grid": [grid.height, grid.width], "blocks": seen.blocks, "heads": seen.heads}
    return Explanation(enlarged(coarse, images), final.values, final.logits, facts)


def _attention_of(module: nn.Module, images: Tensor, method: str) -> tuple[list[Tensor], Tensor]:
    """Run a network and return the weights [N, heads, T, T] of its blocks, and the logits."""
    with AttentionWatch() as watch:
        logits: Tensor = module(images.detach().clone().requires_grad_())
    weights = watch.weights
    shapes = {found.shape[2] for found in weights}
    if len(shapes) != 1 or any(len(found) != len(images) for found in weights):
        has = "attends within parts of the picture" if weights else "has no attention"
        raise InvalidInputError(
            f"{method} needs a vision transformer whose blocks attend over all patches, such as "
            f"torchvision:vit_b_16; this network {has}; choose Grad-CAM"
        )
    return weights, logits


def _rolled_out(weights: list[Tensor], _score: Tensor) -> Tensor:
    """Multiply the blocks; return the class token's row, [N, T]."""
    same = torch.eye(weights[0].shape[-1], dtype=weights[0].dtype, device=weights[0].device)
    rolled = same.expand(len(weights[0]), -1, -1)
    for attention in weights:
        rolled = (0.5 * attention.detach().mean(1) + 0.5 * same) @ rolled
    return _of_class_token(rolled)


def _weighed(weights: list[Tensor], score: Tensor) -> Tensor:
    """Gather relevance along the blocks; return the class token's row, [N, T]."""
    gradients = torch.autograd.grad(score, weights)
    same = torch.eye(weights[0].shape[-1], dtype=weights[0].dtype, device=weights[0].device)
    gathered = same.expand(len(weights[0]), -1, -1)
    for attention, gradient in zip(weights, gradients, strict=True):
        weighed = (attention * gradient).detach().clamp(min=0).mean(1)
        gathered = gathered + weighed @ gathered
    return _of_class_token(gathered)


def _of_class_token(mixed: Tensor) -> Tensor:
    grid = token_grid(mixed.shape[-1])
    return mixed.mean(1) if grid is not None and grid.prefix == 0 else mixed[:, 0]
