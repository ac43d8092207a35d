"""The words of `advviz evaluate`: several models, attacks and eps; and what it says to people."""

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from advviz.attacks.catalogue import attack_named, attacks
from advviz.cli.inputs import whole_number
from advviz.cli.options import given
from advviz.errors import InvalidInputError
from advviz.evaluation import EvaluationSetup, figures
from advviz.evaluation.plan import ALL, FREE, Budget, Plan
from advviz.evaluation.red_flags import checked
from advviz.evaluation.settings import names_of, read_setting
from advviz.evaluation.statement import WORST_CASE, attack_in_words
from advviz.evaluation.tally import Tally
from advviz.fields import read

SHARED = ("steps", "step_size", "restarts", "random_start")
"""Options for every attack that searches in a ball and has a parameter of the name."""


class Listed(argparse.Action):
    """Several words, also by comma, also by repeating the option; kept as one, by comma."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        _option: str | None = None,
    ) -> None:
        """Add words to those before."""
        before = getattr(namespace, self.dest, None)
        words = [values] if isinstance(values, str) else list(values or ())
        setattr(namespace, self.dest, ",".join([*([before] if before else []), *map(str, words)]))


def add_attack(parser: argparse.ArgumentParser) -> None:
    """Declare the options that choose attacks and budgets."""
    norms = dict.fromkeys(norm for attack in attacks().values() for norm in attack.norms)
    for name, metavar, default, told in (
        ("--attack", "|".join(attacks()), "pgd", "attacks, by comma or space"),
        ("--norm", "|".join(norms), "l2", "norms of the balls, by comma or space"),
        (
            "--eps",
            "X",
            "1.0",
            "radii, pixels in [0, 1], by comma or space; 8/255 too; with several norms also as "
            "NORM:X",
        ),
    ):
        parser.add_argument(
            name,
            nargs="+",
            action=Listed,
            default=argparse.SUPPRESS,
            metavar=metavar,
            help=f"{told} (default {default})",
        )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="ATTACK.NAME=VALUE",
        help="a parameter of one attack, such as "
        + ", ".join(_settings())
        + "; it outranks --steps and the like, which are for attacks that search in a ball",
    )


def _settings() -> list[str]:
    """Name every parameter of every attack as it is set."""
    return [f"{attack.name}.{name}" for attack in attacks().values() for name in names_of(attack)]


def add_run(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the run."""
    parser.add_argument(
        "--limit", metavar="N", help="measure a seeded sample of N images, equal per folder"
    )
    parser.add_argument(
        "--checks",
        choices=(ALL, FREE),
        help="red flags: all, also by doubled steps and restarts and an eps that reaches mid-grey, "
        "or those that need no further attack (default all, but free for one model, attack and "
        "eps without a report)",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE.html",
        help="write a report that needs no network; the figures beside it as FILE.json, a line "
        "an image as FILE.csv",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="take what an earlier run, finished, stopped or killed, has kept; without it "
        "everything is measured anew",
    )


def plan_of(args: argparse.Namespace) -> Plan:
    """Read the plan that the words mean.

    Raises:
        InvalidInputError: words that make no plan, in one sentence.
    """
    names = tuple(dict.fromkeys(_words(getattr(args, "attack", "pgd"))))
    for name in names:
        attack_named(name)
    budgets = _budgets(getattr(args, "norm", "l2"), getattr(args, "eps", "1.0"))
    models = tuple(dict.fromkeys(_words(args.model)))
    told = _told(args)
    many = len(models) * len(names) * len(budgets) > 1 or args.report is not None
    return Plan(
        source=args.images,
        models=models,
        attacks=names,
        budgets=budgets,
        shared=tuple((name, told[name]) for name in SHARED if name in told),
        own=tuple(read_setting(word) for word in args.set),
        seed=told.get("seed", 0),
        numerics=told.get("numerics", "reference"),
        limit=None if args.limit is None else whole_number("limit", args.limit, 1, 10**9),
        checks=args.checks or (ALL if many else FREE),
    )


def _told(args: argparse.Namespace) -> dict[str, Any]:
    """Read the options that are fields of a single attack's set-up, each in its range."""
    words = argparse.Namespace(
        **{
            name: value
            for name, value in vars(args).items()
            if name in (*SHARED, "seed", "numerics")
        }
    )
    told = given(words, EvaluationSetup)
    EvaluationSetup(model="", **told)
    return told


def _words(words: str) -> list[str]:
    found = [word.strip() for word in words.split(",") if word.strip()]
    if not found:
        raise InvalidInputError(f"a list must name at least one, got {words!r}")
    return found


def _budgets(norms: str, radii: str) -> tuple[Budget, ...]:
    """Read radii: each for all norms, or for the one that it names."""
    meta = next(f.metadata for f in fields(EvaluationSetup) if f.name == "eps")
    found: dict[Budget, None] = {}
    for word in _words(radii):
        named, colon, value = word.rpartition(":")
        eps = read("eps", value, meta)
        for norm in [named] if colon else _words(norms):
            found[Budget(norm, eps)] = None
    return tuple(found)


def told(tally: Tally) -> list[str]:
    """Say for people what was measured."""
    plan, lines = tally.work.plan, []
    for model in plan.models:
        lines.append(f"{model} on {len(tally.work)} images of {plan.source}")
        lines.append(f"clean accuracy   {figures.clean(tally, model)}")
        lines += _accuracies(tally, model)
        lines += _flags(tally, model)
    if tally.transfers:
        lines += _transfer(tally)
    lines.append(f"skipped folders  {', '.join(tally.work.skipped) or 'none'}")
    return lines


def _accuracies(tally: Tally, model: str) -> list[str]:
    plan, lines = tally.work.plan, []
    pairs = [(b, a) for b in plan.budgets for a in plan.attacks_in(b.norm)]
    if len(pairs) == 1:
        ((budget, attack),) = pairs
        cell = figures.cell_of(model, attack.name, budget)
        return [
            f"robust accuracy  {figures.accuracy(tally, model, attack.name, budget)}",
            f"attack           {attack_in_words(plan, cell)}",
        ]
    for budget in plan.budgets:
        lines.append(f"{budget}, worst case  {figures.worst(tally, model, budget).share}")
        for attack in plan.attacks_in(budget.norm):
            share = figures.accuracy(tally, model, attack.name, budget)
            lines.append(f"  {attack.name:<14} {share}")
    lines.append(f"({WORST_CASE})")
    for norm in plan.norms:
        found = figures.smallest_eps(tally, model, norm)
        median = "more than was tried" if found.median is None else f"{found.median:.4g}"
        lines.append(f"median smallest eps, {norm}: {median} (of {found.n} right images)")
    return lines


def _flags(tally: Tally, model: str) -> list[str]:
    found = checked(tally, model)
    lines = [f"red flag         {flag.name}: {flag.sentence}" for flag in found.flags]
    lines = lines or [f"red flags        none of {', '.join(found.passed)}"]
    for name, why in found.not_checked.items():
        lines.append(f"not checked      {name}: {why}")
    return lines


def _transfer(tally: Tally) -> list[str]:
    lines = []
    for made_on, shown_to in tally.transfers:
        share = figures.transfer(tally, made_on, shown_to)
        lines.append(f"made on {made_on}, shown to {shown_to}: fools {share}")
    return lines
