"""The rungs of a ladder: their names, their look, and the experiments behind each."""

from collections.abc import Sequence
from functools import lru_cache

from advviz.experiments.board import Row
from advviz.experiments.ladder import LadderSpec
from advviz.models.records import ModelRecord
from advviz.ui import words
from advviz.ui.figures import accent

KEPT = 512  # rows: a class looks at the same ones


@lru_cache(KEPT)
def row(spec: LadderSpec, model: str) -> Row:
    """The experiments of one rung."""
    return spec.row(model)


def label(described: ModelRecord) -> str:
    """Name a rung: its symbol, and the strength of the attacks that it was trained against."""
    symbol, word = words.ROW[described.is_robust]
    if described.training_norm is None:
        return f"{symbol} {word.lower()}"
    return f"{symbol} {words.strength(described.training_norm, described.training_eps)}"


def look(rungs: Sequence[ModelRecord], described: ModelRecord) -> tuple[str, float]:
    """How a rung is drawn: amber and dashed or teal and solid, and how deep its colour is.

    Returns:
        The style class, and a share in (0, 1] that grows from rung to rung.
    """
    alike = [r for r in rungs if r.is_robust == described.is_robust]
    return accent(described), (alike.index(described) + 1) / len(alike)
