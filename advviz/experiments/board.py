"""The board: one experiment on a standard and a robust model, as a group of specs."""

from dataclasses import dataclass, replace
from typing import ClassVar

from advviz.experiments.codec import to_link
from advviz.experiments.fields import check, choice, count, number, switch, text
from advviz.experiments.specs import (
    PREDICTED,
    RESULT,
    UNTARGETED,
    AttackSpec,
    ExplainSpec,
    Spec,
    VisualizeSpec,
    true_class,
)
from advviz.models.records import record


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
    target: str = text("class to reach, or any for an untargeted attack", default="goldfish")
    norm: str = choice("l2", ("l2", "linf"), "norm of the ball")
    eps: float = number(1.0, 0.0, 100.0, "radius of the ball, pixels in [0, 1]")
    steps: int = count(20, 1, 1000, "steps of projected gradient descent")
    step_size: float | str = number(
        0.0, 0.0, 100.0, "length of a step; auto: 2.5 eps / steps", auto=True
    )
    random_start: bool = switch(False, "start at a random point of the ball")
    restarts: int = count(1, 1, 50, "independent searches")
    seed: int = count(0, 0, 2**31 - 1, "of all random numbers")
    explained: str = choice("true", ("true", PREDICTED, "target"), "class that the maps explain")
    explained_image: str = choice(
        "attacked", ("original", "attacked"), "image that the maps explain"
    )
    samples: int = count(50, 1, 1000, "SmoothGrad: noisy copies")
    sigma: float = number(0.15, 0.0, 10.0, "SmoothGrad: of the image's range")

    def __post_init__(self) -> None:
        """Refuse values out of range, also those that only an attack refuses."""
        check(self)
        _ = self.attack(self.standard)

    def attack(self, model: str) -> AttackSpec:
        """Return the attack on one model, through its own gradients."""
        return AttackSpec(
            model=model,
            image=self.image,
            target=self.target,
            norm=self.norm,
            eps=self.eps,
            steps=self.steps,
            step_size=self.step_size,
            random_start=self.random_start,
            restarts=self.restarts,
            seed=self.seed,
        )

    def row(self, model: str) -> Row:
        """Return everything that the board shows of one model."""
        attack = self.attack(model)
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
