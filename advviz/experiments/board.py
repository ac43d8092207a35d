"""The board: one experiment on a standard and a robust model, as a group of specs."""

from dataclasses import dataclass, fields, replace
from typing import ClassVar

from advviz.experiments import attack_choice, parameters
from advviz.experiments.codec import to_link
from advviz.experiments.parameters import PREDICTED, UNTARGETED
from advviz.experiments.protocol import REFERENCE, Spec
from advviz.experiments.references import RESULT, true_class
from advviz.experiments.specs import AttackSpec, ExplainSpec, VisualizeSpec
from advviz.fields import added, check, choice, text
from advviz.models.records import record

SHARED = tuple(f.name for f in fields(AttackSpec) if f.name != "model")
"""Fields that a board has in common with its attacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the board shows of one model, in the order of the pictures."""

    attack: AttackSpec
    gradient: ExplainSpec
    smoothgrad: ExplainSpec
    favourite: VisualizeSpec

    def specs(self) -> tuple[Spec, ...]:
        """List the row's experiments in the order in which they are wanted."""
        return (self.attack, self.gradient, self.smoothgrad, self.favourite)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSpec:
    """The set-up of Compare: an attack, and what explains it, for two models."""

    kind: ClassVar[str] = "board"

    standard: str = text("standard model id", default="tiny14-standard")
    robust: str = text("robust model id", default="tiny14-robust-l2")
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
    loss: str = added(parameters.loss(), absent="cross-entropy")
    early_stop: bool = added(parameters.early_stop(), absent=False)
    numerics: str = added(
        parameters.numerics("who answers the attack; the maps are of the model as it is"),
        absent=REFERENCE,
    )
    attack: str = attack_choice.attack()
    options: str = attack_choice.options()

    def __post_init__(self) -> None:
        """Refuse values out of range, also those that only an attack refuses."""
        check(self)
        attack_choice.settle(self)
        _ = self.attack_on(self.standard)

    def attack_on(self, model: str) -> AttackSpec:
        """Return the attack on one model, through its own gradients."""
        return AttackSpec(model=model, **{name: getattr(self, name) for name in SHARED})

    def with_attack(self, attack: AttackSpec) -> "BoardSpec":
        """Return the board on which both models are attacked as one of them was."""
        return replace(self, **{name: getattr(attack, name) for name in SHARED})

    def row(self, model: str) -> Row:
        """Return everything that the board shows of one model."""
        attack = self.attack_on(model)
        attacked = self.explained_image == "attacked"
        gradient = ExplainSpec(
            model=model,
            image=RESULT + to_link(attack) if attacked else self.image,
            explained=self.explained_class(model),
            samples=self.samples,
            sigma=self.sigma,
            seed=self.seed,
        )
        return Row(
            attack=attack,
            gradient=gradient,
            smoothgrad=replace(gradient, method="smoothgrad"),
            favourite=VisualizeSpec(model=model, unit=f"class:{self._favourite(model)}"),
        )

    def rows(self) -> tuple[Row, Row]:
        """Return the standard model's row and the robust model's."""
        return self.row(self.standard), self.row(self.robust)

    def specs(self) -> tuple[Spec, ...]:
        """List all experiments, those that are wanted first first."""
        standard, robust = self.rows()
        pairs = zip(standard.specs(), robust.specs(), strict=True)
        return tuple(spec for pair in pairs for spec in pair)

    def explained_class(self, model: str) -> str:
        """Return the class that the maps explain: a class's name, or "predicted"."""
        if self.explained == "true":
            return true_class(self.image, record(model)) or PREDICTED
        if self.explained == "target" and self.target != UNTARGETED:
            return self.target
        return PREDICTED

    def _favourite(self, model: str) -> str:
        known = true_class(self.image, record(model))
        return self.target if self.target != UNTARGETED else known or record(model).classes[0]
