"""Continuous batching: the open queries of many procedures, answered in shared passes.

For accelerators, where a pass of one row costs nearly as much as one of sixteen. Passes are
padded to a few fixed sizes, so that a row's answer depends on the size alone and not on who
shares the pass.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from advviz.models.classifier import Classifier
from advviz.models.halves import Halves, valued
from advviz.models.memory import free, is_out_of_memory
from advviz.objectives import LOGITS, Objective
from advviz.protocol import Answer, Call, Query

PADDED_ROWS = (1, 4, 16, 64)
"""Rows of a merged pass at 64 px; larger images stop at the size of the same pixel count."""
GRAPHS = 16
"""Captured passes that are kept, the least recently used leaving first."""


class GraphedHalves(Halves):
    """Both halves of a pass as CUDA graphs, captured once for each size and tap."""

    def __init__(self, module: nn.Module, *, half: bool = False) -> None:
        super().__init__(module, half=half)
        self._captured: OrderedDict[Any, Callable[[Tensor], tuple[Tensor, Tensor]]] = OrderedDict()

    def forward(self, images: Tensor, tap: str, *, gradient: bool) -> tuple[Tensor, Tensor]:
        """Replay the forward half; see `Halves.forward`. The pullback replays the other."""
        if not gradient:
            return super().forward(images, tap, gradient=False)
        name = (images.shape, images.dtype, tap)
        if name not in self._captured:
            eager = super().forward

            def both(pixels: Tensor) -> tuple[Tensor, Tensor]:
                return eager(pixels, tap, gradient=True)

            sample = torch.zeros_like(images).requires_grad_()
            captured: Any = torch.cuda.make_graphed_callables(both, (sample,))
            self._captured[name] = captured
            while len(self._captured) > GRAPHS:
                self._captured.popitem(last=False)
        self._captured.move_to_end(name)
        logits, found = self._captured[name](images.requires_grad_())
        return logits.clone(), found  # the next replay overwrites what this one put out


class MergingClassifier:
    """Answer queries for directions together, and exact ones alone.

    Args:
        exact: the unmodified network; answers exact queries, one by one and not padded.
        directions: chooses directions; the same, or a fast copy of it.
        sizes: rows that a pass is padded to, ascending.
        numerics: the arithmetic of the directions, in words.
    """

    def __init__(
        self,
        exact: Classifier,
        directions: Classifier,
        *,
        sizes: Sequence[int] = PADDED_ROWS,
        numerics: str = "reference",
    ) -> None:
        self.exact, self.directions, self._sizes = exact, directions, tuple(sizes)
        self.numerics = numerics
        on_cuda = next(exact.module.parameters()).is_cuda
        eager = directions.halves
        self._halves = GraphedHalves(eager.module, half=eager.half) if on_cuda else eager

    def answer(self, query: Query) -> Answer:
        """Answer one query; see `Classifier.answer`."""
        return self.answer_all([query])[0]

    def call(self, call: Call) -> Any:
        """Run a call's function on the unmodified network."""
        return self.exact.call(call)

    def answer_all(self, queries: Sequence[Query]) -> list[Answer]:
        """Answer queries, in their order.

        Raises:
            UnknownNameError: an objective looks at a layer that the network does not have.
            OutOfMemoryError: memory does not suffice for a single row.
        """
        answers: dict[int, Answer] = {}
        alike: defaultdict[Any, list[int]] = defaultdict(list)
        for index, query in enumerate(queries):
            if query.exact:
                answers[index] = self.exact.answer(query)
            else:
                alike[_kind(query)].append(index)
        for indices in alike.values():
            answers |= zip(indices, self._together([queries[i] for i in indices]), strict=True)
        return [answers[index] for index in range(len(queries))]

    def _together(self, queries: Sequence[Query]) -> list[Answer]:
        """Answer queries of one kind in as few passes as they fill."""
        lengths = [len(query.images) for query in queries]
        largest = self._largest(queries[0].images)
        try:
            passes = [self._pass(part) for part in _dealt(queries, lengths, largest)]
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            passes = []
        if not passes:  # outside of the handler, whose error holds the tensors that failed
            free(queries[0].images.device)
            return [replace(self.directions.answer(q), degraded=True) for q in queries]
        columns = [
            torch.cat([getattr(done, name) for done in passes])
            for name in ("logits", "values", "gradients")
        ]
        rows = [torch.split(c, lengths) if len(c) else [c] * len(lengths) for c in columns]
        return [Answer(*fields) for fields in zip(*rows, strict=True)]

    def _largest(self, images: Tensor) -> int:
        bound = max(1, self._sizes[-1] * 64 * 64 // images[0, 0].numel())
        return max((size for size in self._sizes if size <= bound), default=self._sizes[0])

    def _pass(self, queries: Sequence[Query]) -> Answer:
        """Answer queries whose rows fit into one pass."""
        images = torch.cat([query.images.detach() for query in queries])
        rows, nothing = len(images), images.new_empty(0)
        size = next(size for size in self._sizes if size >= rows)
        padded = torch.cat([images, images.new_zeros(size - rows, *images.shape[1:])])
        asked = [(q.objective, len(q.images)) for q in queries if q.objective is not None]
        if not asked:
            logits, _ = self._halves.forward(padded, LOGITS, gradient=False)
            return Answer(logits[:rows], nothing, nothing)
        gradient = queries[0].gradient
        logits, found = self._halves.forward(padded, asked[0][0].tap, gradient=gradient)
        values, cotangent = _evaluated(asked, found)
        if not gradient:
            return Answer(logits[:rows], values, nothing)
        gradients = self._halves.pullback(found, padded, cotangent)
        # Copies: what a graph puts out is overwritten when it is replayed.
        return Answer(logits[:rows], values, gradients[:rows].clone())


def _kind(query: Query) -> Any:
    """Return what queries must have in common to share a pass."""
    images, objective = query.images, query.objective
    tap = None if objective is None else objective.tap
    return images.shape[1:], images.dtype, images.device, tap, query.gradient and tap is not None


def _dealt(queries: Sequence[Query], lengths: Sequence[int], size: int) -> Iterator[list[Query]]:
    """Deal the rows of queries to passes of at most `size` rows, in their order."""
    dealt: list[Query] = []
    room = size
    for query, total in zip(queries, lengths, strict=True):
        first = 0
        while first < total:
            rows = torch.arange(first, min(total, first + room), device=query.images.device)
            objective = None if query.objective is None else query.objective.select(rows)
            dealt.append(replace(query, images=query.images[rows], objective=objective))
            first, room = first + len(rows), room - len(rows)
            if not room:
                yield dealt
                dealt, room = [], size
    if dealt:
        yield dealt


def _evaluated(asked: Sequence[tuple[Objective, int]], found: Tensor) -> tuple[Tensor, Tensor]:
    """Evaluate objectives of some rows each at the tap; the padding pulls nothing back."""
    values, cotangent, first = [], torch.zeros_like(found), 0
    for objective, rows in asked:
        mine = slice(first, first + rows)
        value, cotangent[mine] = valued(objective, found[mine])
        values.append(value)
        first += rows
    return torch.cat(values), cotangent
