"""A classifier: a network that answers queries about pixels in [0, 1]."""

from typing import Any

import torch
from torch import Tensor, nn

from advviz.models.halves import Halves, full_precision, valued
from advviz.models.memory import Memory
from advviz.objectives import LOGITS
from advviz.protocol import Answer, Call, Query

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class Classifier:
    """Answer queries with the unmodified network, in the precision of its weights.

    Args:
        module: maps pixels [N, C, H, W] to logits [N, K], on any device. It is put into
            evaluation mode and its parameters are frozen: a query asks for the gradient by
            the pixels alone.
        half: run in bfloat16 autocast; pixels, objectives and gradients keep their precision.
    """

    def __init__(self, module: nn.Module, *, half: bool = False) -> None:
        self.module = module.eval().requires_grad_(False)
        self.halves = Halves(self.module, half=half)
        self._memory = Memory()

    def answer(self, query: Query) -> Answer:
        """Answer a query, in passes of a fixed number of rows.

        Where memory does not suffice for that number, passes are halved until it does, and
        the answer is marked as degraded.

        Raises:
            UnknownNameError: the objective looks at a layer that the network does not have.
            OutOfMemoryError: memory does not suffice for a single row.
        """
        return self._memory.within_limits(query.images, lambda rows: self._joined(query, rows))

    def call(self, call: Call) -> Any:
        """Run a call's function, then put hooks, training mode and gradients back."""
        hooks = [getattr(m, kind) for m in self.module.modules() for kind in HOOKS]
        before = [dict(registered) for registered in hooks]
        try:
            with full_precision(self._placed()), torch.enable_grad():
                return call.function(self.module)
        finally:
            for registered, kept in zip(hooks, before, strict=True):
                registered.clear()
                registered.update(kept)
            self.module.eval().requires_grad_(False)
            self.module.zero_grad(set_to_none=True)

    def _placed(self) -> Tensor:
        """Return a tensor on the module's device."""
        held = (*self.module.parameters(), *self.module.buffers())
        return held[0] if held else torch.empty(0)

    def _joined(self, query: Query, rows: int) -> Answer:
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

    def _pass(self, query: Query, rows: Tensor) -> Answer:
        images = query.images[rows].detach()
        nothing = images.new_empty(0)
        if query.objective is None:
            logits, _ = self.halves.forward(images, LOGITS, gradient=False)
            return Answer(logits, nothing, nothing)
        objective = query.objective.select(rows)
        logits, found = self.halves.forward(images, objective.tap, gradient=query.gradient)
        if not query.gradient:
            return Answer(logits, objective.values(found), nothing)
        values, cotangent = valued(objective, found)
        return Answer(logits, values, self.halves.pullback(found, images, cotangent))
