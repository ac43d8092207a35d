"""Red flags: signs that a measured robustness is an attack's failure. Thresholds are fixed here.

A flag says nothing about who is to blame: it says that the accuracy is not to be believed
before it is explained.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from advviz.attacks.catalogue import Attack
from advviz.evaluation import figures
from advviz.evaluation.paired import paired_interval
from advviz.evaluation.plan import GREY, MORE_RESTARTS, MORE_STEPS, Budget, Cell, mid_grey
from advviz.evaluation.tally import Decisions, Tally
from advviz.experiments.result import Array
from advviz.models.records import record

BEATEN = 0.01
"""Share of images on which any attack beats the strongest white-box one."""
STILL_RISING = 0.01
"""Accuracy that doubled steps or restarts take away."""
PGD_OVER_APGD = {"l1": 0.03, "l2": 0.03, "linf": 0.06}
"""Accuracy under PGD less that under APGD, by norm."""
ZERO_GRADIENTS = 0.01
"""Share of images at which the gradient is exactly zero."""
SAME = 1e-5
"""Difference between two identical queries, of the largest logit, that rounding explains."""
SUM_OF_SHARES = 1e-3
"""How far from 1 logits may sum, and still be probabilities."""
LIKE_SHARES = 1.0
"""Share of images whose logits are like that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedFlag:
    """One sign that an attack failed.

    Args:
        name: of the check.
        model: id.
        sentence: what was seen and what it means, in plain words, with the figure.
        value: the figure.
        threshold: that it passed.
    """

    name: str
    model: str
    sentence: str
    value: float
    threshold: float

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of the checks of one model.

    Args:
        flags: raised.
        passed: names of the checks that found nothing.
        not_checked: name of each check that could not be made, and why.
    """

    flags: tuple[RedFlag, ...]
    passed: tuple[str, ...]
    not_checked: dict[str, str]


class _Unknown(Exception):  # not an error: it carries why a check was not made
    """A check could not be made."""


Check = Callable[[Tally, str], Iterator[RedFlag]]


def checked(tally: Tally, model: str) -> Checked:
    """Make every check that what was measured allows."""
    flags: list[RedFlag] = []
    passed: list[str] = []
    unknown: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            found = list(check(tally, model))
        except _Unknown as why:
            unknown[name] = str(why)
            continue
        flags += found
        if not found:
            passed.append(name)
    return Checked(flags=tuple(flags), passed=tuple(passed), not_checked=unknown)


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
        raise _Unknown("it needs a white-box attack and another one at the same budget")


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
            done = figures.complete((plain, more))
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
        raise _Unknown("it needs a search with steps, run again with twice as many: checks all")


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
            gap = float(plain.survived[done].mean() - other.survived[done].mean())
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
        raise _Unknown("it needs PGD and an APGD attack at the same budget")


def zero_gradients(tally: Tally, model: str) -> Iterator[RedFlag]:
    """Look for images at which the network gives an attack no direction at all."""
    probed = tally.probes[model]
    share = figures.share_of(probed.zero_gradient, probed.done)
    if share is None:
        raise _Unknown("nothing was asked yet")
    if share.value >= ZERO_GRADIENTS:
        yield RedFlag(
            name="zero gradients",
            model=model,
            sentence=f"The gradient is exactly zero at {share.value:.1%} of the images: attacks "
            "with gradients learn nothing there, which protects from nobody else",
            value=share.value,
            threshold=ZERO_GRADIENTS,
        )


def mid_grey_held(tally: Tally, model: str) -> Iterator[RedFlag]:
    """Look whether anything survives where every image may be made plain grey."""
    compared = False
    for cell, found in tally.cells.items():
        if cell.model != model or not found.done.any():
            continue
        reached = mid_grey(cell.budget.norm, record(model))
        if cell.variant not in ("", GREY) or cell.budget.eps < reached.eps:
            continue
        attack = cell.attack
        compared = True
        count, n = int((found.survived & found.done).sum()), int(found.done.sum())
        if count:
            yield RedFlag(
                name="survives mid-grey",
                model=model,
                sentence=f"{count} of {n} images survive {attack} at {cell.budget}, "
                "within which each may be made plain grey" + _proof(tally, model, found),
                value=count / n,
                threshold=0.0,
            )
    if not compared:
        raise _Unknown("it needs a search at an eps that reaches mid-grey: checks all")


def _proof(tally: Tally, model: str, found: Decisions) -> str:
    """Say of how many survivors plain grey itself is an adversarial example."""
    grey = tally.probes[model].grey_class
    if grey is None:
        return ""
    missed = int((found.survived & found.done & (tally.labels(model) != grey)).sum())
    named = record(model).classes[grey]
    return f"; the model takes grey for {named}, so that the attack missed at least {missed}"


def changing(tally: Tally, model: str) -> Iterator[RedFlag]:
    """Look whether the same question gets the same answer."""
    probed = tally.probes[model]
    if not probed.done.any():
        raise _Unknown("nothing was asked yet")
    differs = probed.differs_by > SAME * np.maximum(probed.largest_logit, 1e-30)
    share = float(differs[probed.done].mean())
    if share > 0:
        yield RedFlag(
            name="changing answers",
            model=model,
            sentence=f"Two identical queries get different answers for {share:.1%} of the images: "
            "a single gradient of a random network misleads an attack, which has to average",
            value=share,
            threshold=0.0,
        )


def probabilities(tally: Tally, model: str) -> Iterator[RedFlag]:
    """Look whether what should be logits are probabilities already."""
    probed = tally.probes[model]
    sums_to_one = np.abs(probed.sum_of_logits - 1) <= SUM_OF_SHARES
    share = figures.share_of((probed.lowest_logit >= 0) & sums_to_one, probed.done)
    if share is None:
        raise _Unknown("nothing was asked yet")
    if share.value >= LIKE_SHARES:
        yield RedFlag(
            name="probabilities for logits",
            model=model,
            sentence="What the model gives as logits is never negative and sums to 1, for "
            f"{share.value:.0%} of the images: these are probabilities, and attacks that take them "
            "for logits get gradients that vanish",
            value=share.value,
            threshold=LIKE_SHARES,
        )


CHECKS: dict[str, Check] = {
    "beaten": beaten,
    "still rising": still_rising,
    "PGD over APGD": pgd_over_apgd,
    "zero gradients": zero_gradients,
    "survives mid-grey": mid_grey_held,
    "changing answers": changing,
    "probabilities for logits": probabilities,
}
"""Every check, by the name of its flag."""
