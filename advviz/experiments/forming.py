"""A feature visualization watched while it forms, and the same as a moving picture."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from advviz import pictures
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result
from advviz.experiments.specs import VisualizeSpec
from advviz.models.records import record
from advviz.pictures.animations import AnimationKind, animation

FRAMES = 60
"""Steps of a long search that are shown, beside the finished picture."""
STAGE = "drawing"
"""What a visualization calls its search in the progress of its queries."""
CELL = 320  # pixels a side that a picture is enlarged to, about: by a whole factor
STEP, FIRST, LAST = 80, 700, 2500
"""Milliseconds that a step is shown; the start; the finished picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormingSpec:
    """A feature visualization whose search is kept.

    The drawing and its numbers are those of the visualization, byte for byte; it has no link of
    its own, for it is the same experiment.
    """

    kind: ClassVar[str] = "forming"
    version: ClassVar[int] = 1

    drawing: VisualizeSpec

    @property
    def model(self) -> str:
        """Name the model that draws."""
        return self.drawing.model

    @property
    def numerics(self) -> str:
        """Name who answers the queries."""
        return self.drawing.numerics

    @property
    def start(self) -> str:
        """Name the picture that is drawn over, which may be somebody's own."""
        return self.drawing.start

    @property
    def is_personal(self) -> bool:
        """Say whether somebody's own picture takes part other than as the start."""
        return self.drawing.is_personal

    @property
    def steps(self) -> int:
        """Count the steps of the search."""
        return self.drawing.steps

    def prerequisites(self) -> tuple[Spec, ...]:
        """List the experiment whose result is the start."""
        return self.drawing.prerequisites()

    def resolved(self) -> dict[str, Any]:
        """Return the values that the result depends on."""
        return {**self.drawing.resolved(), "drawing version": self.drawing.version}

    def procedure(
        self, results: Sequence[Result], device: str = "cpu"
    ) -> Generator[Any, Any, Result]:
        """Begin the drawing."""
        every = -(-self.steps // FRAMES)
        return watched(
            self.drawing.procedure(results, device), frozenset(range(0, self.steps, every))
        )


def watched(
    drawing: Generator[Any, Any, Result], wanted: frozenset[int]
) -> Generator[Any, Any, Result]:
    """Keep the pictures of some steps of a visualization, and the finished one.

    Args:
        drawing: yields queries whose progress carries the picture [3, S, S] of the step.
        wanted: the steps to keep.

    Returns:
        The drawing's own result; beside it `frames`, uint8 [T, S, S, 3], and among the facts
        `shown`, the step of each frame: the last is the number of steps.
    """
    kept: dict[int, Any] = {}
    try:
        query = next(drawing)
        while True:
            told = query.progress
            if told is not None and told.stage == STAGE and told.done in wanted:
                # Moved to the CPU at the end: here it would make an accelerator wait.
                kept[told.done] = told.preview
            query = drawing.send((yield query))
    except StopIteration as end:
        result: Result = end.value
    finally:
        drawing.close()
    frames = [pictures.photo(kept[step].cpu().numpy()) for step in sorted(kept)]
    frames.append(pictures.photo(result.arrays["picture"]))
    shown = [*sorted(kept), len(result.arrays["values"]) - 1]
    arrays = {**result.arrays, "frames": np.stack(frames)}
    return Result.of(arrays, {**result.facts, "shown": shown})


def moving(spec: FormingSpec, result: Result, kind: AnimationKind) -> bytes:
    """Draw a visualization that forms as a moving picture that ends with the finished one.

    Each frame says its step and how far the objective had risen during the search; the last one,
    what the model says of the finished picture.

    Args:
        spec: the visualization.
        result: of it.
        kind: "gif" or "webp".
    """
    drawing, described = spec.drawing, record(spec.model)
    steps, values = result.facts["shown"], result.arrays["values"]
    times = [STEP] * len(steps)
    times[0], times[-1] = FIRST, LAST
    score = drawing.score if drawing.drawn_class else "objective"
    captions = [f"step {step}: {score} {values[step]:.3g}" for step in steps]
    captions[-1] = f"finished: seen as {_said(result, described.classes)}"
    who = "robust" if described.is_robust else "standard"
    title = f"{who} model draws {drawing.drawn_class or drawing.unit}"
    side = described.input_size
    cell = side * max(1, CELL // side)
    return animation(list(result.arrays["frames"]), captions, times, kind, title=title, cell=cell)


def _said(result: Result, classes: Sequence[str]) -> str:
    logits = result.arrays["logits"].astype(np.float64)
    shares = np.exp(logits - logits.max())
    best = int(np.argmax(shares))
    return f"{classes[best]} {shares[best] / shares.sum():.0%}"
