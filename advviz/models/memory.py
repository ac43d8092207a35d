"""How many rows share a pass: a fixed number, until memory does not suffice for it."""

import gc
import logging
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from advviz.errors import OutOfMemoryError
from advviz.protocol import Answer

ROWS_PER_PASS = 32
"""Rows of a query that share a pass, if they are small. Fixed, so that the same query is cut in
the same places and gives the same bytes."""
PIXELS_PER_PASS = 8 * 224 * 224
"""Pixels of all rows of a pass, if they are large."""

_WORDS = ("can't allocate memory", "not enough memory", "out of memory")
log = logging.getLogger(__name__)


def rows_per_pass(images: Tensor) -> int:
    """Return the fixed number of rows of images [N, C, H, W] that share a pass."""
    return max(1, min(ROWS_PER_PASS, PIXELS_PER_PASS // images[0, 0].numel()))


class Memory:
    """The rows that fit into a pass, by the shape of a row; it remembers when they did not."""

    def __init__(self) -> None:
        self._limits: dict[torch.Size, int] = {}

    def within_limits(self, images: Tensor, ask: Callable[[int], Answer]) -> Answer:
        """Ask with the fixed number of rows a pass, then with half of it, until memory suffices.

        Args:
            images: [N, C, H, W], what is asked about.
            ask: answers for all images, given the rows that may share a pass.

        Returns:
            The answer, marked as degraded where it was cut in other places than usual.

        Raises:
            OutOfMemoryError: memory does not suffice for a single row.
        """
        shape, fixed = images.shape[1:], rows_per_pass(images)
        rows = self._limits.get(shape, fixed)
        while True:
            try:
                answer = ask(rows)
                return replace(answer, degraded=rows < min(fixed, len(images)))
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            # The exception is gone, and with it the tensors of the pass that failed.
            free(images.device)
            tried = min(rows, len(images))
            if tried <= 1:
                raise OutOfMemoryError(
                    f"memory does not suffice for one image of {shape[1]}×{shape[2]} pixels; "
                    "close other programs, or choose a smaller model"
                )
            rows = self._limits[shape] = tried // 2
            log.warning("out of memory with %d rows of %s; going on with %d", tried, shape, rows)


def is_out_of_memory(error: Exception) -> bool:
    """Say whether an exception means that memory ran out, on a CPU or an accelerator."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _WORDS)


def free(device: torch.device) -> None:
    """Give back what is no longer used."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
