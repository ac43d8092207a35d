"""Make the results that ship: Home's board, favourite pictures, three runs of a lab, atlases.

Run `python -m advviz.evaluation.showcase` after the weights have changed, and after
`advviz presets --write`, which chooses the board.
"""

import sys
from typing import Any

import numpy as np

from advviz.compute import Engine, shipped
from advviz.evaluation import atlas_showcase
from advviz.experiments import presets
from advviz.experiments.board import BoardSpec
from advviz.experiments.lab_training import LabTrainingSpec, collapsing
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Array
from advviz.experiments.specs import VisualizeSpec
from advviz.models.records import ModelRecord, record

CONFIDENT = 0.9


def probability(logits: Array, described: ModelRecord, name: str) -> float:
    """Return a class's softmax probability."""
    shifted = np.exp(logits.astype(np.float64) - logits.max())
    return float(shifted[described.class_index(name)] / shifted.sum())


def predicted(logits: Array, described: ModelRecord) -> str:
    """Return the class with the largest logit."""
    return described.classes[int(logits.argmax())]


def screen(engine: Engine, board: BoardSpec, true: str) -> dict[str, Any]:
    """Judge Home's gate, on the images as saved in 8 bits.

    The standard model must be driven to the target with at least 90%, and the robust one
    must still say the true class; both must be right before the attack.
    """
    standard, robust = record(board.standard), record(board.robust)
    fooled = engine.run(board.attack_on(board.standard)).arrays
    held = engine.run(board.attack_on(board.robust)).arrays
    confidence = probability(fooled["eight_bit_logits"], standard, board.target)
    found: dict[str, Any] = {
        "eps": board.eps,
        "standard before": predicted(fooled["original_logits"], standard),
        "robust before": predicted(held["original_logits"], robust),
        "standard target": round(confidence, 4),
        "robust after": predicted(held["eight_bit_logits"], robust),
    }
    found["passed"] = (
        found["standard before"] == found["robust before"] == found["robust after"] == true
        and confidence >= CONFIDENT
    )
    return found


def make() -> None:
    """Compute everything that ships, and replace what shipped before."""
    engine = Engine(use_shipped=False)
    board = presets.home()
    specs: list[Spec] = list(board.specs())
    for model in (board.standard, board.robust):
        specs += [VisualizeSpec(model=model, unit=f"class:{c}") for c in record(model).classes]
    specs += [LabTrainingSpec(), LabTrainingSpec(eps=1.0), collapsing()]
    results = {spec: engine.run(spec) for spec in specs}
    for stale in shipped.folder().glob("*.safetensors"):
        stale.unlink()
    for spec, result in results.items():
        shipped.write(spec, result)
    sys.stdout.write(f"{len(results)} results\n")
    atlas_showcase.make()


if __name__ == "__main__":
    make()
