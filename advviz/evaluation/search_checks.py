"""Checks of the attacks: did each search come to its end, and do they agree?"""

from collections.abc import Iterator

import numpy as np

from advviz.attacks.catalogue import Attack, attack_named
from advviz.evaluation import figures
from advviz.evaluation.paired import paired_interval
from advviz.evaluation.plan import MORE_RESTARTS, MORE_STEPS, Budget, Cell, mid_grey
from advviz.evaluation.red_flag import NotChecked, RedFlag
from advviz.evaluation.tally import Decisions, Tally, complete
from advviz.experiments.result import Array
from advviz.models.records import record

BEATEN = 0.01
"""Share of images on which any attack beats the strongest white-box one."""
STILL_RISING = 0.01
"""Accuracy that doubled steps or restarts take away."""
PGD_OVER_APGD = {"l1": 0.03, "l2": 0.03, "linf": 0.06}
"""Accuracy under PGD less that under APGD, by norm."""


def beaten(tally: Tally, model: str) -> Iterator[RedFlag]:
    """Look for images that some attack fools and the strongest white-box attack does not."""
    plan, compared = tally.work.plan, False
    for budget in plan.budgets:
        attacks = plan.attacks_in(budget.norm)
        found = {a.name: figures.judged(tally, model, a.name, budget) for a in attacks}
        strongest = _strongest(found, attacks)
        if strongest is None:
            continue
        mine = found[strongest]
        others = {name: (each.done, each.survived) for name, each in found.items()}
        others |= _transferred(tally, model, budget)
        for name, (done, survived) in others.items():
            both = done & mine.done
            if name == strongest or not both.any():
                continue
            compared = True
            share = float((mine.survived & ~survived & both).sum() / both.sum())
            if share >= BEATEN:
                yield RedFlag(
                    name="beaten",
                    model=model,
                    sentence=f"At {budget}, {name} fools images that "
                    f"{strongest}, the strongest attack with gradients, leaves standing: the "
                    "gradients may be hiding the way",
                    value=share,
                    threshold=BEATEN,
                )
    if not compared:
        raise NotChecked("it needs a white-box attack and another one at the same budget")


def _strongest(found: dict[str, figures.Judged], attacks: tuple[Attack, ...]) -> str | None:
    """Name the white-box attack that leaves fewest images standing; the first among equals."""
    ranked = [
        (int(found[a.name].survived.sum()), place, a.name)
        for place, a in enumerate(attacks)
        if a.white_box and found[a.name].done.any()
    ]
    return min(ranked)[2] if ranked else None


def _transferred(tally: Tally, model: str, budget: Budget) -> dict[str, tuple[Array, Array]]:
    """Take the images that were made on other models as attacks too."""
    found = {}
    labels, right = tally.labels(model), tally.probes[model].right
    for (made_on, shown_to), after in tally.transfers.items():
        cell = figures.full_cell(tally, made_on)
        if shown_to == model and cell is not None and cell.budget == budget:
            done = after >= 0
            found[f"transfer from {made_on}"] = (done, right & (after == labels))
    return found


def still_rising(tally: Tally, model: str) -> Iterator[RedFlag]:
    """Look whether a longer search finds more: then the shorter one was not at its end."""
    compared = False
    for variant, what in ((MORE_STEPS, "steps"), (MORE_RESTARTS, "restarts")):
        for cell, plain, more in _doubled(tally, model, variant):
            done = complete((plain, more))
            n = int(done.sum())
            if not n:
                continue
            compared = True
            before, after = plain.survived & done, more.survived & done
            lost = int((before & ~after).sum())
            gained = int((after & ~before).sum())
            drop = (lost - gained) / n
            low, high = paired_interval(lost, gained, int((before & after).sum()), n)
            if drop > STILL_RISING and not low <= 0 <= high:
                yield RedFlag(
                    name="still rising",
                    model=model,
                    sentence=f"With twice the {what}, {cell.attack} at {cell.budget} takes "
                    f"{100 * drop:.1f} points more (paired 95% interval {100 * low:.1f} to "
                    f"{100 * high:.1f}): the search had not come to its end",
                    value=drop,
                    threshold=STILL_RISING,
                )
    if not compared:
        raise NotChecked("it needs a search with steps, run again with twice as many: checks all")


def _doubled(tally: Tally, model: str, variant: str) -> Iterator[tuple[Cell, Decisions, Decisions]]:
    for cell, more in tally.cells.items():
        if cell.model == model and cell.variant == variant:
            yield cell, tally.cells[Cell(model, cell.attack, cell.budget)], more


def pgd_over_apgd(tally: Tally, model: str) -> Iterator[RedFlag]:
    """Look whether a search that chooses its own steps finds much more."""
    plan, compared = tally.work.plan, False
    for budget in plan.budgets:
        names = [attack.name for attack in plan.attacks_in(budget.norm)]
        apgd = [name for name in names if name.startswith("apgd")]
        if "pgd" not in names or not apgd:
            continue
        plain = figures.judged(tally, model, "pgd", budget)
        for name in apgd:
            other = figures.judged(tally, model, name, budget)
            done = plain.done & other.done
            if not done.any():
                continue
            compared = True
            more = int(plain.survived[done].sum()) - int(other.survived[done].sum())
            gap = more / int(done.sum())  # counts: a difference of two means would be rounded
            allowed = PGD_OVER_APGD[budget.norm]
            if gap > allowed:
                yield RedFlag(
                    name="PGD over APGD",
                    model=model,
                    sentence=f"At {budget}, {100 * gap:.1f} points more survive PGD than {name}; "
                    f"more than {100 * allowed:.0f} says that PGD's steps do not suit this model",
                    value=gap,
                    threshold=allowed,
                )
    if not compared:
        raise NotChecked("it needs PGD and an APGD attack at the same budget")


def mid_grey_held(tally: Tally, model: str) -> Iterator[RedFlag]:
    """Look whether anything survives where every image may be made plain grey.

    What any attack found at any eps up to mid-grey counts: a weak attack alone proves nothing. An
    attack that looks for the smallest change searches the whole box, and may find it further away.
    """
    compared = False
    for norm in tally.work.plan.norms:
        reached = mid_grey(norm, record(model))
        cells = {c: d for c, d in tally.cells.items() if (c.model, c.budget.norm) == (model, norm)}
        reaching = [cell for cell in cells if cell.budget.eps >= reached.eps]
        if not reaching:
            continue
        done = complete([cells[cell] for cell in reaching])
        if not done.any():
            continue
        compared = True
        standing = tally.probes[model].right & done
        for cell, found in cells.items():
            standing &= ~_fooled_within(reached, cell, found)
        count, n = int(standing.sum()), int(done.sum())
        if count:
            attacks = ", ".join(dict.fromkeys(cell.attack for cell in reaching))
            yield RedFlag(
                name="survives mid-grey",
                model=model,
                sentence=f"{count} of {n} images survive {attacks} at {reached}, "
                "within which each may be made plain grey" + _proof(tally, model, standing),
                value=count / n,
                threshold=0.0,
            )
    if not compared:
        raise NotChecked("it needs a search at an eps that reaches mid-grey: checks all")


def _fooled_within(reached: Budget, cell: Cell, found: Decisions) -> Array:
    """Say which images [n] are fooled in a ball, of a minimal attack by the distance found.

    What a search in a larger ball of its own fooled is left out of the count of survivors.
    """
    fooled = found.fooled
    if attack_named(cell.attack).minimal:
        fooled = fooled & (np.nan_to_num(found.distance, nan=np.inf) <= reached.eps)
    return fooled


def _proof(tally: Tally, model: str, standing: Array) -> str:
    """Say of how many survivors plain grey itself is an adversarial example."""
    grey = tally.probes[model].grey_class
    if grey is None:
        return ""
    missed = int((standing & (tally.labels(model) != grey)).sum())
    named = record(model).classes[grey]
    return f"; the model takes grey for {named}, so that the attack missed at least {missed}"
