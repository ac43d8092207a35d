"""A classifier: a network that answers queries about pixels in [0, 1]."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from advviz.errors import UnknownNameError
from advviz.objectives import LOGITS
from advviz.protocol import Answer, Call, Query

ROWS_PER_PASS = 32
"""Rows of a 64 px query that share a pass; fewer for larger images. Fixed, so that the same
query is cut in the same places and gives the same bytes."""

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class Classifier:
    """Answer queries with the unmodified network, in the precision of its weights.

    Args:
        module: maps pixels [N, C, H, W] to logits [N, K]. It is put into evaluation mode and
            its parameters are frozen: a query asks for the gradient by the pixels alone.
        half: run in bfloat16 autocast; pixels, objectives and gradients keep their precision.
    """

    def __init__(self, module: nn.Module, *, half: bool = False) -> None:
        self.module = module.eval().requires_grad_(False)
        self._half = half
        self._layers = dict(module.named_modules())

    def answer(self, query: Query) -> Answer:
        """Answer a query, in passes of a fixed number of rows.

        Raises:
            UnknownNameError: the objective looks at a layer that the network does not have.
        """
        rows = max(1, ROWS_PER_PASS * 64 * 64 // query.images[0, 0].numel())
        total = len(query.images)
        parts = [
            self._pass(query, torch.arange(first, min(first + rows, total)))
            for first in range(0, total, rows)
        ]
        if len(parts) == 1:
            return parts[0]
        return Answer(
            logits=torch.cat([part.logits for part in parts]),
            values=torch.cat([part.values for part in parts]),
            gradients=torch.cat([part.gradients for part in parts]),
        )

    def call(self, call: Call) -> Any:
        """Run a call's function, then put hooks, training mode and gradients back."""
        hooks = [getattr(m, kind) for m in self.module.modules() for kind in HOOKS]
        before = [dict(registered) for registered in hooks]
        try:
            with torch.enable_grad():
                return call.function(self.module)
        finally:
            for registered, kept in zip(hooks, before, strict=True):
                registered.clear()
                registered.update(kept)
            self.module.eval().requires_grad_(False)
            self.module.zero_grad(set_to_none=True)

    def _pass(self, query: Query, rows: Tensor) -> Answer:
        images = query.images[rows].detach()
        nothing = images.new_empty(0)
        if query.objective is None:
            with torch.no_grad():
                return Answer(self._logits(images), nothing, nothing)
        objective = query.objective.select(rows)
        with torch.set_grad_enabled(query.gradient), self._tapped(objective.tap) as found:
            images.requires_grad_(query.gradient)
            logits = self._logits(images)
            values = objective.values(
                logits if objective.tap == LOGITS else found().to(images.dtype)
            )
            # Each row's value depends on its own pixels alone: the sum's gradient is all of
            # theirs, and no batch size enters it.
            gradients = torch.autograd.grad(values.sum(), images)[0] if query.gradient else nothing
        return Answer(logits.detach(), values.detach(), gradients)

    def _logits(self, images: Tensor) -> Tensor:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self._half):
            logits: Tensor = self.module(images)
        return logits.to(images.dtype)

    @contextmanager
    def _tapped(self, tap: str) -> Iterator[Callable[[], Tensor]]:
        """Record what a layer puts out during one pass."""
        if tap == LOGITS:
            yield lambda: torch.empty(0)
            return
        if tap not in self._layers:
            raise UnknownNameError(f"the network has no layer called {tap!r}")
        outputs: list[Tensor] = []
        handle = self._layers[tap].register_forward_hook(
            lambda _module, _inputs, output: outputs.append(output)
        )
        try:
            yield outputs.pop
        finally:
            handle.remove()
