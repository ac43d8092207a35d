"""The experiments behind the rows of the board, a row a model."""

from dataclasses import dataclass, replace
from functools import lru_cache

from advviz.experiments.board import BoardSpec
from advviz.experiments.codec import to_link
from advviz.experiments.protocol import Spec
from advviz.experiments.references import RESULT
from advviz.experiments.specs import (
    AttackSpec,
    ExplainSpec,
    NoiseSpec,
    PredictSpec,
    VisualizeSpec,
)
from advviz.models.records import ModelRecord, record
from advviz.ui.setup import Setup
from advviz.ui.view import View

KEPT = 512  # rows: a class looks at the same ones


@dataclass(frozen=True, slots=True)
class Wanted:
    """The experiments behind one row."""

    record: ModelRecord
    before: PredictSpec | None  # this model's answer to the original, if the attack has it not
    attack: AttackSpec  # whose picture is shown: the other model's, if transferred
    after: PredictSpec | None  # this model's answer to a transferred picture
    gradient: ExplainSpec
    smoothgrad: ExplainSpec
    partners: tuple[ExplainSpec, ExplainSpec] | None  # maps of the other picture, for the scale
    favourite: VisualizeSpec
    noise: NoiseSpec | None  # the control

    def specs(self) -> tuple[Spec | None, ...]:
        """The row's experiments, those that are wanted first first."""
        partners = self.partners or (None, None)
        return (
            self.before,
            self.attack,
            self.after,
            self.gradient,
            self.smoothgrad,
            *partners,
            self.noise,
            self.favourite,
        )


def wanted(setup: Setup, model: str) -> Wanted:
    """What the row of a model needs."""
    return _wanted(setup.board, setup.view, model, setup.other(model))


@lru_cache(KEPT)
def _wanted(board: BoardSpec, view: View, model: str, other: str) -> Wanted:
    row = board.row(model)
    attack, gradient, smoothgrad = row.attack, row.gradient, row.smoothgrad
    before = after = None
    if view.transfer:
        before = PredictSpec(model=model, image=board.image)
        attack = board.attack_on(other)
        shown = RESULT + to_link(attack)
        after = PredictSpec(model=model, image=shown)
        if board.explained_image == "attacked":
            gradient, smoothgrad = replace(gradient, image=shown), replace(smoothgrad, image=shown)
    partners = None
    if view.scale == "model":
        attacked = gradient.image.startswith(RESULT)
        opposite = board.image if attacked else RESULT + to_link(attack)
        partners = replace(gradient, image=opposite), replace(smoothgrad, image=opposite)
    return Wanted(
        record=record(model),
        before=before,
        attack=attack,
        after=after,
        gradient=gradient,
        smoothgrad=smoothgrad,
        partners=partners,
        favourite=row.favourite,
        noise=_control(board, model) if view.noise else None,
    )


def control(setup: Setup, model: str) -> NoiseSpec:
    """The control of an attack: random noise of its size, a hundred times."""
    return _control(setup.board, model)


@lru_cache(KEPT)
def _control(board: BoardSpec, model: str) -> NoiseSpec:
    return NoiseSpec(
        model=model, image=board.image, norm=board.norm, eps=board.eps, draws=100, seed=board.seed
    )


def specs(setup: Setup) -> tuple[Spec, ...]:
    """All experiments of the board, those that are wanted first first, both models in turn."""
    rows = [wanted(setup, model).specs() for model in setup.models]
    return tuple(spec for group in zip(*rows, strict=True) for spec in group if spec is not None)
