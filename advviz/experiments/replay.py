"""The replay of an attack: which of its steps are shown, and the same as a moving picture."""

from dataclasses import dataclass

import numpy as np

from advviz import pictures
from advviz.errors import InvalidInputError
from advviz.experiments.result import Array, Result
from advviz.experiments.specs import AttackSpec
from advviz.models.records import record
from advviz.pictures.animations import AnimationKind, animation

FRAMES = 60
"""Steps of a long attack that are shown, beside the first and the last."""
CELL = 320  # pixels a side that a picture is enlarged to, about: by a whole factor
STEP, FIRST, LAST = 180, 900, 1800
"""Milliseconds that a step is shown; the first fooled one; the first and the returned picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """The steps of an attack that are shown.

    Args:
        steps: their numbers, growing, the start among them.
        frames: the pictures [3, S, S] of these steps.
        returned: the step whose picture the attack returned: the best one, not always the last.
    """

    steps: list[int]
    frames: list[Array]
    returned: int


def has_steps(result: Result) -> bool:
    """Say whether an attack's result tells of its steps; not every attack has any."""
    return "trajectory" in result.arrays


def replay(result: Result) -> Replay:
    """Choose the steps of an attack's result: all of a short search, some of a long one."""
    arrays, first = result.arrays, result.facts["first_success"]
    last = len(arrays["curve_distance"]) - 1
    if len(arrays["trajectory"]) <= last:
        # Of a long attack on a large picture the two ends alone were kept.
        return Replay([0, last], [*arrays["trajectory"]], last)
    returned = _returned(result)
    every = -(-last // FRAMES) if last > FRAMES else 1
    marked = {returned, last} if first is None else {returned, last, first}
    steps = sorted({*range(0, last + 1, every), *marked})
    return Replay(steps, [arrays["trajectory"][step] for step in steps], returned)


def _returned(result: Result) -> int:
    trajectory, returned = result.arrays["trajectory"], result.arrays["adversarial"]
    distances = np.abs(trajectory - returned).max(axis=(1, 2, 3))
    return len(trajectory) - 1 - int(np.argmin(distances[::-1]))


def moving(spec: AttackSpec, result: Result, kind: AnimationKind) -> bytes:
    """Draw an attack as a moving picture that ends with what the attack returned.

    Each frame says its step, what the model said of it during the search, how far it had moved,
    and which step first fooled.

    Args:
        spec: the attack.
        result: of it.
        kind: "gif" or "webp".

    Raises:
        InvalidInputError: the attack kept no steps.
    """
    if not has_steps(result):
        raise InvalidInputError("this attack keeps no pictures of its steps; animate another one")
    shown = replay(result)
    count = 1 + shown.steps.index(shown.returned)
    steps, first = shown.steps[:count], result.facts["first_success"]
    frames = [pictures.photo(pixels) for pixels in shown.frames[:count]]
    times = [FIRST if step == first else STEP for step in steps]
    times[0] = times[-1] = LAST
    described = record(spec.model)
    goal = "any other class" if spec.target == "any" else spec.target
    size = (
        f"Linf {255 * spec.eps:.4g}/255"
        if spec.norm == "linf"
        else f"{spec.norm.upper()} {spec.eps:g}"
    )
    title = f"{'robust' if described.is_robust else 'standard'} model -> {goal}, {size}"
    captions = [_caption(spec, result, step) for step in steps]
    side = described.input_size
    cell = side * max(1, CELL // side)
    return animation(frames, captions, times, kind, title=title, cell=cell)


def _caption(spec: AttackSpec, result: Result, step: int) -> str:
    arrays = result.arrays
    shares = arrays["curve_probabilities"][step]
    best = int(np.argmax(shares))
    unit = 255 if spec.norm == "linf" else 1
    far = f"{unit * float(arrays['curve_distance'][step]):.3g}"
    first = "first fooled, " if step == result.facts["first_success"] else ""
    name = record(spec.model).classes[best]
    return f"step {step}: {first}{name} {shares[best]:.0%}, moved {far}"
