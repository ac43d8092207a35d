"""The ladder: one experiment on every model of a family, by the strength of their training."""

from dataclasses import dataclass, fields, replace
from typing import ClassVar

from advviz.errors import InvalidInputError
from advviz.experiments import attack_choice, parameters
from advviz.experiments.board import BoardSpec, Row
from advviz.experiments.parameters import PREDICTED
from advviz.experiments.protocol import Spec
from advviz.fields import check, choice, text
from advviz.models import ladders
from advviz.models.records import ModelRecord

SHARED = tuple(f.name for f in fields(BoardSpec) if f.name not in ("standard", "robust"))
"""Fields that a ladder has in common with a board: all but the models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderSpec:
    """An attack, and what explains it, on every rung of a ladder of models.

    The rungs are those that the catalogue has: a rung that is added later adds its experiments,
    and leaves those of the others as they are.
    """

    kind: ClassVar[str] = "ladder"

    family: str = text("ladder: a family of models and a norm", default="tiny14-l2")
    rung: str = text(
        "model id of the rung that is computed first and shown large", default="tiny14-robust-l2"
    )
    image: str = text("sample:ID, or sha256:DIGEST of an upload", default="sample:chelsea")
    target: str = parameters.target("goldfish")
    norm: str = parameters.norm()
    eps: float = parameters.eps()
    steps: int = parameters.steps()
    step_size: float | str = parameters.step_size()
    random_start: bool = parameters.random_start()
    restarts: int = parameters.restarts("independent searches")
    seed: int = parameters.seed()
    explained: str = choice("true", ("true", PREDICTED, "target"), "class that the maps explain")
    explained_image: str = choice(
        "attacked", ("original", "attacked"), "image that the maps explain"
    )
    samples: int = parameters.samples()
    sigma: float = parameters.sigma("SmoothGrad: of the image's range")
    loss: str = parameters.loss()
    early_stop: bool = parameters.early_stop()
    numerics: str = parameters.numerics(
        "who answers the attack; the maps are of the model as it is"
    )
    attack: str = attack_choice.attack()
    options: str = attack_choice.options()

    def __post_init__(self) -> None:
        """Refuse values out of range, also those that only an attack refuses."""
        check(self)
        attack_choice.settle(self)
        _ = self.on(BoardSpec())

    @classmethod
    def of(cls, board: BoardSpec, family: str, rung: str) -> "LadderSpec":
        """Return the ladder on which every rung is asked what a board asks its two models."""
        return cls(family=family, rung=rung, **{name: getattr(board, name) for name in SHARED})

    def on(self, board: BoardSpec) -> BoardSpec:
        """Return the board with its own models that asks what this ladder asks."""
        return replace(board, **{name: getattr(self, name) for name in SHARED})

    @property
    def rungs(self) -> tuple[ModelRecord, ...]:
        """Return the models, from the weakest training to the strongest.

        Raises:
            UnknownNameError: no such ladder.
            InvalidInputError: the rung in front is none of this ladder.
        """
        found = ladders.rungs(self.family)
        ids = [r.id for r in found]
        if self.rung not in ids:
            raise InvalidInputError(
                f"rung must be one of the ladder {self.family}: {', '.join(ids)}; got {self.rung!r}"
            )
        return found

    def row(self, model: str) -> Row:
        """Return everything that the ladder shows of one rung."""
        return self.on(BoardSpec(standard=model, robust=model)).row(model)

    def specs(self) -> tuple[Spec, ...]:
        """List all experiments, those that are wanted first first.

        The rung in front comes first, then its neighbours; of each the attack and the maps. Their
        favourite images, which take longest, come last.
        """
        rows = [self.row(model) for model in self._from_the_front()]
        first = [spec for row in rows for spec in row.specs() if spec != row.favourite]
        return (*first, *(row.favourite for row in rows))

    def _from_the_front(self) -> list[str]:
        ids = [r.id for r in self.rungs]
        front = ids.index(self.rung)
        return sorted(ids, key=lambda model: abs(ids.index(model) - front))
