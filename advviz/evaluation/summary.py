"""An evaluation as JSON: one object a model, and what is about them together."""

from typing import Any

import numpy as np

from advviz.attacks.catalogue import attack_named
from advviz.evaluation import figures
from advviz.evaluation.plan import PLAIN, Budget
from advviz.evaluation.red_flags import checked
from advviz.evaluation.repeat import repeated
from advviz.evaluation.statement import attack_in_full, stated, training
from advviz.evaluation.tally import Tally
from advviz.evaluation.wilson import Share

Values = dict[str, Any]


def summarized(tally: Tally) -> Values:
    """Return everything as JSON has it; of a single model its own object, with the rest.

    `worst_case` stands for the largest eps of the first norm; `worst_cases` has all of them.
    """
    plan = tally.work.plan
    results = [of_model(tally, model) for model in plan.models]
    red_flags = [flag for each in results for flag in each["red_flags"]]
    shared = {
        "skipped": list(tally.work.skipped),
        "plan": stated(tally.work),
        "repeat": repeated(tally),
    }
    if len(results) == 1:
        return {**results[0], **shared}
    return {
        "models": list(plan.models),
        "n": len(tally.work),
        "results": results,
        "transfer": _transfers(tally),
        "red_flags": red_flags,
        **shared,
    }


def of_model(tally: Tally, model: str) -> Values:
    """Return what was measured of one model."""
    plan = tally.work.plan
    first = plan.norms[0]
    largest = Budget(first, plan.radii(first)[-1])
    cells = _attacks(tally, model)
    found = checked(tally, model)
    values: Values = {
        "model": model,
        "training": training(model),
        "n": len(tally.work),
        "clean_accuracy": _share(figures.clean(tally, model)),
    }
    if len(cells) == 1:
        values["robust_accuracy"] = cells[0]["accuracy"]
        values["attack"] = cells[0]["attack"]
    values |= {
        "worst_case": _worst(tally, model, largest),
        "red_flags": [flag.as_dict() for flag in found.flags],
        "passed_checks": list(found.passed),
        "not_checked": found.not_checked,
    }
    if len(cells) > 1:
        values["attacks"] = cells
        values["worst_cases"] = [_worst(tally, model, budget) for budget in plan.budgets]
    return {
        **values,
        "smallest_eps": [_smallest(tally, model, norm) for norm in plan.norms],
        "strength_and_effect": _effects(tally, model),
        "per_class": _classes(tally, model),
    }


def _share(share: Share | None) -> Values | None:
    return None if share is None else share.as_dict()


def _worst(tally: Tally, model: str, budget: Budget) -> Values:
    found = figures.worst(tally, model, budget)
    share = found.share
    return {
        **(share.as_dict() if share else {"value": None, "low": None, "high": None}),
        "norm": budget.norm,
        "eps": budget.eps,
        "n": int(found.done.sum()),
        "attacks": [attack.name for attack in tally.work.plan.attacks_in(budget.norm)],
    }


def _attacks(tally: Tally, model: str) -> list[Values]:
    """List every attack at every budget, with its accuracy."""
    plan, found = tally.work.plan, []
    for budget in plan.budgets:
        for attack in plan.attacks_in(budget.norm):
            cell = figures.cell_of(model, attack.name, budget)
            decided, judged = tally.cells[cell], figures.judged(tally, model, attack.name, budget)
            full = attack_in_full(plan, cell) | {"eps": budget.eps}
            entry = {
                "name": attack.name,
                "norm": budget.norm,
                "eps": budget.eps,
                "n": int(judged.done.sum()),
                "accuracy": _share(judged.share),
                "accuracy_of_8_bit_files": _eight_bit(tally, model, attack.name, budget),
                "attack": full,
            }
            counted = decided.queries[decided.queries >= 0]
            if len(counted):
                entry["queries"] = {
                    "mean": float(counted.mean()),
                    "median": float(np.median(counted)),
                    "largest": int(counted.max()),
                }
            found.append(entry)
    return found


def _eight_bit(tally: Tally, model: str, attack: str, budget: Budget) -> Values | None:
    """Return the accuracy on the images found as saved to 8-bit files; rounding may go past eps."""
    if attack_named(attack).minimal:
        return None
    cell = tally.cells[figures.cell_of(model, attack, budget)]
    return _share(figures.share_of(cell.right & ~cell.fooled_eight_bit, cell.done))


def _smallest(tally: Tally, model: str, norm: str) -> Values:
    found = figures.smallest_eps(tally, model, norm)
    radii, shares = found.curve()
    return {
        "norm": norm,
        "n": found.n,
        "median": found.median,
        "by": "minimal attacks" if found.searched else "the eps of the plan",
        "never_fooled": int(np.isinf(found.values).sum()),
        "curve": {"eps": radii, "share_fooled": shares},
    }


def _effects(tally: Tally, model: str) -> list[Values]:
    found = []
    for norm in tally.work.plan.norms:
        for each in figures.effects(tally, model, norm):
            if each.means is not None:
                distance, change = each.means
                found.append(
                    {
                        "attack": each.attack,
                        "norm": norm,
                        "eps": each.budget.eps,
                        "n": len(each.rows),
                        "mean_distance": distance,
                        "mean_change_of_output": change,
                    }
                )
    return found


def _classes(tally: Tally, model: str) -> list[Values]:
    plan = tally.work.plan
    lines = []
    for norm in plan.norms:
        budget = plan.middle(norm)
        for line in figures.per_class(tally, model, budget):
            lines.append(
                {
                    "class": line.name,
                    "norm": norm,
                    "eps": budget.eps,
                    "n": line.clean.n,
                    "clean_accuracy": line.clean.as_dict(),
                    "worst_case": line.robust.as_dict(),
                }
            )
    return lines


def _transfers(tally: Tally) -> Values | None:
    """Return the transfer matrix: rows made on, columns shown to; None where nothing was."""
    plan = tally.work.plan
    cells = {model: figures.full_cell(tally, model) for model in plan.models}
    known = {model: cell for model, cell in cells.items() if cell is not None}
    if not known:
        return None
    first = next(iter(known.values()))
    return {
        "attack": attack_in_full(plan, first) | {"early_stop": False},
        "of": "images that both models get right",
        "share_fooled": {
            made: {
                shown: _share(figures.transfer(tally, made, shown))
                for shown in (made, *plan.transfers_to(made))
            }
            for made in known
        },
    }


def per_image(tally: Tally) -> list[Values]:
    """List one line an image, model, attack and budget: the images behind each figure."""
    work, lines = tally.work, []
    for model in work.plan.models:
        labels = tally.labels(model)
        for cell in work.plan.cells(model):
            if cell.variant != PLAIN:
                continue
            of = tally.cells[cell]
            for row in np.flatnonzero(of.done):
                lines.append(
                    {
                        "image": work.names[row],
                        "class_index": int(labels[row]),
                        "model": model,
                        "attack": cell.attack,
                        "norm": cell.budget.norm,
                        "eps": cell.budget.eps,
                        "right": bool(of.right[row]),
                        "fooled": bool(of.fooled[row]),
                        "distance": _number(of.distance[row]),
                        "change_of_output": _number(of.change[row]),
                        "answer_before": int(of.before[row]),
                        "answer_after": int(of.after[row]),
                        "queries": int(of.queries[row]) if of.queries[row] >= 0 else None,
                    }
                )
    return lines


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
