"""What an evaluation is about to do: goal, data, threat model, attacks and budget, in words."""

from dataclasses import fields
from typing import Any

from advviz.attacks.catalogue import attack_named
from advviz.errors import InvalidInputError
from advviz.evaluation.plan import PLAIN, Budget, Cell, Plan
from advviz.evaluation.settings import told
from advviz.evaluation.setup import EvaluationSetup
from advviz.evaluation.work import Work
from advviz.models.records import record

GOAL = (
    "Untargeted: an image counts as robust if the model classifies it rightly and no attack "
    "finds another answer within the budget; every decision is the unmodified model's, in full "
    "precision, on exactly the image found"
)
CROSS_ENTROPY = "cross-entropy"
WORST_CASE = (
    "worst case per sample: an image survives if none of the attacks fools it, at this eps or "
    "at a smaller one of the plan"
)


def stated(work: Work) -> dict[str, str]:
    """Say what is about to be measured, by heading; it depends on no result."""
    plan = work.plan
    return {
        "goal": GOAL,
        "data": _data(work),
        "threat model": _threat(plan),
        "attacks": _attacks(plan),
        "budget": _budget(work),
    }


def _data(work: Work) -> str:
    plan, n = work.plan, len(work)
    sample = "all" if plan.limit is None or plan.limit > n else f"a sample, seed {plan.seed},"
    skipped = f"; skipped: {', '.join(work.skipped)}" if work.skipped else ""
    groups = len(set(work.groups))
    return f"{n} images of {work.source_title} ({sample} of {groups} folders or classes{skipped})"


def _threat(plan: Plan) -> str:
    budgets = ", ".join(map(str, plan.budgets))
    models = ", ".join(plan.models)
    return (
        f"{budgets}, pixels in [0, 1]; the attacker of {models} knows the whole model (white box), "
        "but for attacks that say otherwise"
    )


def _attacks(plan: Plan) -> str:
    lines = []
    for name in plan.attacks:
        attack, params = attack_named(name), told(plan.params(name))
        values = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in params.items())
        knows = "" if attack.white_box else "black box; "
        lines.append(f"{attack.title} ({knows}{values or 'no parameters'}; {attack.paper})")
    together = f"; {WORST_CASE}" if len(plan.attacks) + len(plan.budgets) > 2 else ""
    return "; ".join(lines) + together


def _budget(work: Work) -> str:
    plan, n = work.plan, len(work)
    planned = [cell for model in plan.models for cell in plan.cells(model)]
    plain = sum(cell.variant == PLAIN for cell in planned)
    extra = len(planned) - plain
    checks = f", and {extra} more for red flags and transfer" if extra else ""
    return (
        f"{plain} measurements of {n} images ({len(plan.models)} x models, "
        f"{len(plan.attacks)} x attacks, {len(plan.budgets)} x eps){checks}: at most "
        f"{n * len(planned):,} attacks on single images; images that are wrong already are not "
        f"attacked, and an attack leaves an image alone once it is fooled; {plan.numerics} "
        f"numerics, seed {plan.seed}"
    )


def attack_in_full(plan: Plan, cell: Cell) -> dict[str, Any]:
    """Describe the attack of a cell so that it can be repeated."""
    setup, params = _as_pgd(plan, cell), plan.cell_params(cell)
    if setup is not None:
        return setup.attack_in_full()
    attack = attack_named(cell.attack)
    return {
        "name": attack.name,
        "title": attack.title,
        "goal": "untargeted: away from the true class",
        "norm": cell.budget.norm,
        "eps": cell.budget.eps,
        **told(params),
        "numerics": plan.numerics,
        "seed": plan.seed,
        "paper": attack.paper,
    }


def attack_in_words(plan: Plan, cell: Cell) -> str:
    """Name the attack of a cell in full, for people."""
    setup = _as_pgd(plan, cell)
    if setup is not None:
        return setup.in_words()
    full = attack_in_full(plan, cell)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in full.items())


def _as_pgd(plan: Plan, cell: Cell) -> EvaluationSetup | None:
    """Return the set-up of a PGD attack; None of any other, and of a radius that checks use."""
    values = told(plan.cell_params(cell))
    if cell.attack != "pgd" or values.get("loss", CROSS_ENTROPY) != CROSS_ENTROPY:
        return None
    known = {f.name for f in fields(EvaluationSetup)}
    params = {name: value for name, value in values.items() if name in known}
    try:
        return EvaluationSetup(
            model=cell.model,
            norm=cell.budget.norm,
            eps=cell.budget.eps,
            seed=plan.seed,
            numerics=plan.numerics,
            **params,
        )
    except InvalidInputError:
        return None


def training(model: str) -> str:
    """Say against what a model was trained."""
    described = record(model)
    if described.training_norm is None:
        return "standard"
    return f"adversarial, {Budget(described.training_norm, described.training_eps)}"
