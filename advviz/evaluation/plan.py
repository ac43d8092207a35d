"""A plan: which models, attacks and budgets are measured, on what, fixed before it runs."""

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any, ClassVar

from advviz.attacks.catalogue import Attack, attack_named, attacks
from advviz.errors import InvalidInputError
from advviz.evaluation.settings import names_of, params_of
from advviz.experiments import parameters
from advviz.experiments.protocol import FAST, REFERENCE
from advviz.models.model_record import ModelRecord
from advviz.models.records import record

MAX_EPS = 1000.0
ALL, FREE = "all", "free"
PLAIN, MORE_STEPS, MORE_RESTARTS, GREY = "", "steps ×2", "restarts ×2", "mid-grey"
FULL = "full"
"""Variants of a cell: as planned; for the red flags; without early stop, for transfer."""
GREY_LEVEL = 0.5


@dataclass(frozen=True, slots=True, order=True)
class Budget:
    """A norm and a radius, pixels in [0, 1]."""

    norm: str
    eps: float

    def __str__(self) -> str:
        """Write it for people."""
        if self.norm == "linf":
            return f"L∞ {255 * self.eps:.4g}/255"
        return f"{self.norm.upper()} {self.eps:g}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One model under one attack at one budget; what is measured is one decision an image."""

    model: str
    attack: str
    budget: Budget
    variant: str = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an evaluation measures.

    Args:
        source: see `sources.listed`.
        models: ids.
        attacks: names in the catalogue.
        budgets: each attack is run at those whose norm it knows.
        shared: values for every attack in a ball that has a parameter of the name.
        own: attack, parameter and value, for one attack alone.
        seed: of all random numbers, and of the sample.
        numerics: who chooses directions; decisions are always exact.
        limit: size of a seeded sample, equal per folder; None for all images.
        checks: "all": also what red flags need that the figures do not; or "free".
    """

    kind: ClassVar[str] = "evaluation"

    source: str
    models: tuple[str, ...]
    attacks: tuple[str, ...] = ("pgd",)
    budgets: tuple[Budget, ...] = (Budget("l2", 1.0),)
    shared: tuple[tuple[str, Any], ...] = ()
    own: tuple[tuple[str, str, Any], ...] = ()
    seed: int = 0
    numerics: str = REFERENCE
    limit: int | None = None
    checks: str = ALL

    def __post_init__(self) -> None:
        """Refuse what cannot be measured, before anything is read."""
        for name, values in (("model", self.models), ("attack", self.attacks)):
            if not values or len(set(values)) < len(values):
                raise InvalidInputError(f"give each {name} once, and at least one, got {values}")
        if not self.budgets:
            raise InvalidInputError("give at least one eps")
        if self.numerics not in (REFERENCE, FAST) or self.checks not in (ALL, FREE):
            raise InvalidInputError(
                f"numerics must be {REFERENCE} or {FAST} and checks {ALL} or {FREE}, "
                f"got {self.numerics!r} and {self.checks!r}"
            )
        for model in self.models:
            record(model)
        for budget in self.budgets:
            _check_budget(budget)
        for name in self.attacks:
            self._check_attack(attack_named(name))

    def _check_attack(self, attack: Attack) -> None:
        self.params(attack.name)
        if not any(budget.norm in attack.norms for budget in self.budgets):
            raise InvalidInputError(
                f"{attack.name} searches in {', '.join(attack.norms)}, and no budget is in one of "
                "these; give another norm or leave the attack out"
            )

    def params(self, attack: str, **changed: Any) -> Any:
        """Return what an attack is told, with some values changed."""
        own = {name: value for of, name, value in self.own if of == attack}
        return params_of(attack_named(attack), {**dict(self.shared), **changed}, own | changed)

    @property
    def norms(self) -> tuple[str, ...]:
        """List the norms, in the order given."""
        return tuple(dict.fromkeys(budget.norm for budget in self.budgets))

    def radii(self, norm: str) -> tuple[float, ...]:
        """List the radii in a norm, ascending."""
        return tuple(sorted({b.eps for b in self.budgets if b.norm == norm}))

    def attacks_in(self, norm: str) -> tuple[Attack, ...]:
        """List the attacks that search in a norm, in the order given."""
        found = (attacks()[name] for name in self.attacks)
        return tuple(attack for attack in found if norm in attack.norms)

    def middle(self, norm: str) -> Budget:
        """Return the budget at which checks are made: the middle one of those above zero."""
        radii = [eps for eps in self.radii(norm) if eps > 0] or [0.0]
        return Budget(norm, radii[(len(radii) - 1) // 2])

    def leading(self, norm: str) -> Attack | None:
        """Return the attack that checks repeat: the first white-box search that has steps."""
        for attack in self.attacks_in(norm):
            if attack.white_box and not attack.minimal and "steps" in names_of(attack):
                return attack
        return None

    def cells(self, model: str) -> tuple[Cell, ...]:
        """List what is measured of a model: by norm and radius, attacks in the order given.

        A minimal attack is run once a norm, and judged at every radius.
        """
        found: dict[Cell, None] = {}
        for norm in self.norms:
            for eps in self.radii(norm):
                for attack in self.attacks_in(norm):
                    budget = whole_box(norm, record(model)) if attack.minimal else Budget(norm, eps)
                    found[Cell(model, attack.name, budget)] = None
        return (*found, *self._checking_cells(model))

    def _checking_cells(self, model: str) -> tuple[Cell, ...]:
        """List what only red flags, and the transfer between models, need."""
        found = []
        for norm in self.norms:
            attack, middle = self.leading(norm), self.middle(norm)
            if attack is None or middle.eps == 0:
                continue
            if self.checks == ALL:
                more = [Cell(model, attack.name, middle, MORE_STEPS)]
                if "restarts" in names_of(attack):
                    more.append(Cell(model, attack.name, middle, MORE_RESTARTS))
                found += [cell for cell in more if self._is_possible(cell)]
                found.append(Cell(model, attack.name, mid_grey(norm, record(model)), GREY))
            if norm == self.norms[0] and (self.checks == ALL or self.transfers_to(model)):
                found.append(Cell(model, attack.name, middle, FULL))
        return tuple(found)

    def _is_possible(self, cell: Cell) -> bool:
        """Say whether an attack takes the doubled value."""
        try:
            self.cell_params(cell)
        except InvalidInputError:
            return False
        return True

    def cell_params(self, cell: Cell) -> Any:
        """Return what the attack of a cell is told."""
        plain = self.params(cell.attack)
        if cell.variant == MORE_STEPS:
            return self.params(cell.attack, steps=2 * plain.steps)
        if cell.variant == MORE_RESTARTS:
            changed = {"restarts": 2 * plain.restarts}
            if "random_start" in names_of(attack_named(cell.attack)):
                changed["random_start"] = True
            return self.params(cell.attack, **changed)
        return plain

    def transfers_to(self, model: str) -> tuple[str, ...]:
        """List the models that can be shown what was made on a model: the same pixels, classes."""
        made = record(model)
        return tuple(
            other
            for other in self.models
            if other != model
            and record(other).input_size == made.input_size
            and record(other).classes == made.classes
        )


def _check_budget(budget: Budget) -> None:
    known = tuple(dict.fromkeys(norm for attack in attacks().values() for norm in attack.norms))
    if budget.norm not in known:
        raise InvalidInputError(f"norm must be one of {', '.join(known)}, got {budget.norm!r}")
    if not (isfinite(budget.eps) and 0 <= budget.eps <= MAX_EPS):
        raise InvalidInputError(f"eps must lie in [0, {MAX_EPS:g}], got {budget.eps}")
    parameters.check_eps(budget.norm, budget.eps)


def whole_box(norm: str, described: ModelRecord) -> Budget:
    """Return a ball that holds every image, wherever its centre is."""
    return Budget(norm, _diagonal(norm, described))


def mid_grey(norm: str, described: ModelRecord) -> Budget:
    """Return the smallest ball that holds plain grey, wherever in the box its centre is."""
    return Budget(norm, GREY_LEVEL * _diagonal(norm, described))


def _diagonal(norm: str, described: ModelRecord) -> float:
    values = float(3 * described.input_size**2)
    return {"l1": values, "l2": sqrt(values), "linf": 1.0}[norm]
