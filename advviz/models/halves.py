"""The two things that a network does for a query: forward to a tap, and the pullback from it.

The objective is evaluated between the two, so rows with different objectives share a pass,
and on an accelerator each half can be a captured graph.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn

from advviz.errors import UnknownNameError
from advviz.objectives import LOGITS, Objective


class Halves:
    """A frozen network, run forward to a tap and back to the pixels.

    Args:
        module: maps pixels [N, C, H, W] to logits [N, K]; its parameters need no gradient.
        half: run in bfloat16 autocast; what goes in and what comes out keeps its precision.
    """

    def __init__(self, module: nn.Module, *, half: bool = False) -> None:
        self.module = module
        self.half = half
        self._layers = dict(module.named_modules())

    def forward(self, images: Tensor, tap: str, *, gradient: bool) -> tuple[Tensor, Tensor]:
        """Run forward.

        Args:
            images: [N, C, H, W] in [0, 1], without history; told to record if `gradient`.
            tap: "logits", or the name of a layer.
            gradient: whether a pullback will follow.

        Returns:
            Logits [N, K] without history, and what the tap puts out [N, ...], both in the
            precision of the images.

        Raises:
            UnknownNameError: the network has no such layer.
        """
        device_type = images.device.type
        with full_precision(images), torch.set_grad_enabled(gradient), self._tapped(tap) as found:
            images.requires_grad_(gradient)
            # Without the cache, a pass depends on nothing that another one has left behind.
            with torch.autocast(device_type, torch.bfloat16, self.half, cache_enabled=False):
                logits: Tensor = self.module(images)
            logits = logits.to(images.dtype)
            return logits.detach(), logits if tap == LOGITS else found().to(images.dtype)

    def pullback(self, found: Tensor, images: Tensor, cotangent: Tensor) -> Tensor:
        """Pull a gradient by the tap [N, ...] back to the pixels [N, C, H, W]."""
        with full_precision(images):
            return torch.autograd.grad(found, images, cotangent)[0]

    @contextmanager
    def _tapped(self, tap: str) -> Iterator[Callable[[], Tensor]]:
        """Record what a layer puts out during one pass, before it is changed in place."""
        if tap == LOGITS:
            yield lambda: torch.empty(0)
            return
        if tap not in self._layers:
            raise UnknownNameError(f"the network has no layer called {tap!r}")
        outputs: list[Tensor] = []
        handle = self._layers[tap].register_forward_hook(
            lambda _module, _inputs, output: outputs.append(output.clone())
        )
        try:
            yield outputs.pop
        finally:
            handle.remove()


def full_precision(images: Tensor) -> AbstractContextManager[None]:
    """Keep a GPU from rounding float32 convolutions to ten bits, and from trying algorithms."""
    if not images.is_cuda:
        return nullcontext()
    return torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )


def valued(objective: Objective, found: Tensor) -> tuple[Tensor, Tensor]:
    """Evaluate an objective at the tap.

    Each row's value depends on its own pixels alone: the gradient of the sum is all of
    theirs, and no batch size enters it.

    Args:
        objective: of the rows.
        found: [N, ...] at its tap.

    Returns:
        Values [N], and their gradients by what was found, shaped like it.
    """
    with torch.enable_grad():
        leaf = found.detach().requires_grad_()
        values = objective.values(leaf)
        (cotangent,) = torch.autograd.grad(values.sum(), leaf)
    return values.detach(), cotangent
