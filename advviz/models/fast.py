"""Fast copies: the same network, rearranged so that directions cost less.

Fast answers choose directions; what is decided or reported comes from the unmodified
network. Whether a copy may stand in for its model is decided by a fixed accuracy test, never
by timing.
"""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from advviz.models.classifier import Classifier
from advviz.models.packed import can_pack, packed
from advviz.objectives import Logit
from advviz.protocol import Answer, Call, Query

TESTED_IMAGES = 16
MARGIN = 0.1
"""Where the two largest logits are closer than this, rounding may decide which is larger."""
COSINE = 0.95


def folded(module: nn.Module) -> nn.Module:
    """Return a frozen deep copy with every batch norm folded into the convolution before it.

    The module tree keeps its names: a folded batch norm becomes an `Identity`, so that named
    layers put out what they did before, up to rounding. A batch norm that follows anything
    but a convolution stays, and so does a network that cannot be traced.

    Args:
        module: in evaluation mode; not modified.
    """
    fast = copy.deepcopy(module).eval().requires_grad_(False)
    try:
        graph = fx.symbolic_trace(fast).graph
    except Exception:  # tracing runs the model's own code, which may refuse in any way
        return fast
    modules = dict(fast.named_modules())
    for node in graph.nodes:
        if node.op != "call_module" or not isinstance(modules[node.target], nn.BatchNorm2d):
            continue
        before = node.args[0]
        is_conv = before.op == "call_module" and isinstance(modules[before.target], nn.Conv2d)
        if is_conv and len(before.users) == 1:
            fused = fuse_conv_bn_eval(modules[before.target], modules[node.target])
            fast.set_submodule(before.target, fused)
            fast.set_submodule(node.target, nn.Identity())
    return fast.requires_grad_(False)


def halved(module: nn.Module, device: torch.device) -> nn.Module:
    """Return a frozen deep copy whose weights are in bfloat16, for use under autocast.

    Autocast alone would convert frozen weights again at every call. On a CPU convolutions
    are packed too, and one that sees an image sees it in full precision.

    Args:
        module: frozen, on the device, in evaluation mode; not modified.
        device: where it runs.
    """
    fast = copy.deepcopy(module)
    if can_pack(device):
        packed(fast)
    for layer in fast.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.bfloat16()
    return fast


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a copy says what its model says, on some images.

    Args:
        top1: share of the images, among those whose margin exceeds 0.1 logit, on which the
            largest logit agrees.
        cosine: median cosine of the gradients of the largest logit by the pixels.
    """

    top1: float
    cosine: float

    @property
    def suffices(self) -> bool:
        """Say whether the copy may choose directions for its model."""
        return self.top1 == 1.0 and self.cosine >= COSINE


def agreement(exact: Classifier, fast: Classifier, images: Tensor) -> Agreement:
    """Compare a fast classifier with the unmodified one.

    Args:
        exact: the unmodified network.
        fast: the copy.
        images: [N, C, H, W] in [0, 1].
    """
    clean = exact.answer(Query(images, gradient=False))
    question = Query(images, Logit(clean.logits.argmax(1)))
    said, repeated = exact.answer(question), fast.answer(question)
    largest = said.logits.topk(2, 1).values
    clear = largest[:, 0] - largest[:, 1] > MARGIN
    same = (said.logits.argmax(1) == repeated.logits.argmax(1))[clear]
    cosines = functional.cosine_similarity(said.gradients.flatten(1), repeated.gradients.flatten(1))
    return Agreement(
        top1=float(same.double().mean()) if len(same) else 1.0, cosine=float(cosines.median())
    )


def has_bfloat16(device: torch.device) -> bool:
    """Say whether the processor multiplies bfloat16 in hardware."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    avx512, amx = torch.cpu._is_avx512_bf16_supported(), torch.cpu._is_amx_tile_supported()
    return bool(avx512) or bool(amx)


class FastClassifier:
    """Answer exact queries with the unmodified network, all others with a fast copy.

    The copy is folded, and in bfloat16 where the processor has it and the copy agrees with
    its model on the given images; otherwise it stays at fp32. It keeps the names of the
    layers.

    Args:
        module: the unmodified network; put into evaluation mode, its parameters frozen.
        images: [N, C, H, W] in [0, 1], the fixed test.
    """

    def __init__(self, module: nn.Module, images: Tensor) -> None:
        self.exact = Classifier(module)
        plain = folded(module).to(memory_format=torch.channels_last)
        self.fast, self.numerics = Classifier(plain), "fp32, folded"
        if has_bfloat16(images.device):
            half = Classifier(halved(plain, images.device), half=True)
            if agreement(self.exact, half, images).suffices:
                self.fast, self.numerics = half, "bf16, folded"

    def answer(self, query: Query) -> Answer:
        """Answer a query; see `Classifier.answer`."""
        return (self.exact if query.exact else self.fast).answer(query)

    def call(self, call: Call) -> Any:
        """Run a call's function on the unmodified network."""
        return self.exact.call(call)
