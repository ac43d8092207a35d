"""The evidence of a one-page report: of each experiment, its pictures and what they came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from advviz import pictures
from advviz.evaluation import outcomes
from advviz.evaluation.outcomes import Outcome, strength
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.attack_choice import PGD
from advviz.experiments.board import BoardSpec
from advviz.experiments.codec import to_link
from advviz.experiments.explainer_choice import FIRST, GRADIENT, SMOOTHGRAD, score_of
from advviz.experiments.ladder import LadderSpec
from advviz.experiments.links import AnySpec
from advviz.experiments.protocol import Spec
from advviz.experiments.references import RESULT, made_by
from advviz.experiments.result import Array, Result
from advviz.experiments.specs import AttackSpec, ExplainSpec, PredictSpec, VisualizeSpec
from advviz.explain.catalogue import explainer_named
from advviz.models import ladders
from advviz.models.records import record
from advviz.models.shelf import is_on_disk

GAIN = 10
Results = Mapping[Spec, Result]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the report: what it is called, what stands under it, its PNG file."""

    name: str
    caption: str
    png: bytes


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one model came to: a verdict, the details, the pictures."""

    model: str
    verdict: str
    detail: str
    shown: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """An accuracy of a lab, with the ends of its whisker; all None where nothing was trained."""

    name: str
    look: str  # new, standard, robust, or nothing
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Pictures of a lab in a line, under one title."""

    title: str
    shown: tuple[Picture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """What a lab came to: of it there are many pictures and no model of the catalogue.

    Args:
        chart: what the bars are.
        bars: accuracies, fractions.
        chance: what a guess is right about, a fraction.
        whiskers: what the bars' ends are.
        lines: pictures, with what they are in `notice`.
        notice: what to see in the pictures, and what they cannot tell.
        table: what else was measured, the heads first; empty where there is nothing.
        price: what it costs on pictures that nobody attacked; empty where there is none to name.
        method: how it was done.
        limits: what the lab does not show.
        seeds: of the repetitions.
    """

    chart: str
    bars: tuple[Bar, ...]
    chance: float
    whiskers: str
    lines: tuple[Line, ...]
    notice: str
    table: tuple[tuple[str, ...], ...] = ()
    price: str = ""
    method: str
    limits: tuple[str, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """All that a report says of its experiment."""

    finding: str
    evidence: tuple[Evidence, ...]
    outcomes: tuple[Outcome, ...] = ()
    maps: str = ""  # what moves each answer: class, method, scale
    lab: Lab | None = None  # in the place of all that is known of one picture


def attacked(spec: AnySpec) -> tuple[AttackSpec, ...]:
    """Return the attacks that a report is about: of every model of a group, or the one."""
    if isinstance(spec, BoardSpec):
        return tuple(dict.fromkeys(spec.attack_on(model) for model in (spec.standard, spec.robust)))
    if isinstance(spec, LadderSpec):
        return tuple(spec.row(described.id).attack for described in spec.rungs)
    if isinstance(spec, AttackSpec):
        return (spec,)
    made = next(iter(made_by(getattr(spec, "image", ""))), None)
    return (made,) if isinstance(made, AttackSpec) else ()


def maps_of(spec: AnySpec, attack: AttackSpec) -> tuple[ExplainSpec, ...]:
    """Return the maps that stand beside an attack: both methods, or the one that was asked for."""
    if isinstance(spec, ExplainSpec):
        return () if isinstance(spec, AlikeSpec) else (spec,)  # which makes its own
    if isinstance(spec, LadderSpec):
        spec = spec.on(BoardSpec())
    if not isinstance(spec, BoardSpec | AttackSpec):
        return ()
    alone = BoardSpec(standard=attack.model, robust=attack.model)
    board = spec if isinstance(spec, BoardSpec) else alone.with_attack(attack)
    row = replace(board, standard=attack.model, robust=attack.model).row(attack.model)
    return row.gradient, row.smoothgrad


def partner(model: str) -> str:
    """Return the model that looks at another one's drawing: of its ladder, trained otherwise."""
    described = record(model)
    for rungs in ladders.ladders().values():
        if model in {rung.id for rung in rungs}:
            here = [rung for rung in rungs if is_on_disk(rung)]
            return (here[0] if described.is_robust else here[-1]).id if here else model
    return model


def viewings(spec: AnySpec) -> tuple[PredictSpec, ...]:
    """Return what another model is asked: of a drawing alone."""
    if not isinstance(spec, VisualizeSpec):
        return ()
    return (PredictSpec(model=partner(spec.model), image=RESULT + to_link(spec)),)


def needed(spec: AnySpec) -> tuple[Spec, ...]:
    """List the experiments whose results a report needs, those that are wanted first first."""
    attacks = attacked(spec)
    maps = [each for attack in attacks for each in maps_of(spec, attack)]
    own = () if isinstance(spec, BoardSpec | LadderSpec) else (spec,)
    return tuple(dict.fromkeys((*own, *attacks, *maps, *viewings(spec))))


def of_attacks(spec: AnySpec, results: Results) -> Case:
    """Say what attacks came to: of every model of a group, or the one."""
    attacks = attacked(spec)
    came = tuple(outcomes.outcome(attack, results[attack]) for attack in attacks)
    evidence = []
    for attack, one in zip(attacks, came, strict=True):
        made, drawn = results[attack], [map_of(each, results) for each in maps_of(spec, attack)]
        detail = (
            f"before: {one.before}; {moved(made)}; as an 8-bit file: {one.eight_bit}; "
            "made through its own gradients"
        )
        evidence.append(Evidence(attack.model, one.verdict, detail, (*change(made), *drawn)))
    budget = strength(attacks[0].norm, attacks[0].eps)
    how = "" if attacks[0].attack == PGD else f" by {attacks[0].attack}"
    maps = told_of_maps([m for attack in attacks for m in maps_of(spec, attack)], results)
    return Case(outcomes.finding(came, budget + how), tuple(evidence), came, maps)


def change(made: Result) -> tuple[Picture, ...]:
    """Draw an attack: the picture, the change, what it became."""
    before, after = made.arrays["original"], made.arrays["adversarial"]
    return (
        photo("original", "", before),
        Picture(
            f"change ×{GAIN}",
            "grey: none",
            pictures.png(pictures.perturbation(before, after, GAIN)),
        ),
        photo("attacked", "", after),
    )


def moved(made: Result) -> str:
    """Say how far a picture was moved, in 255ths and in L2."""
    told = outcomes.moved(made.arrays["original"], made.arrays["adversarial"])
    return f"{told} (L2 {made.facts['l2']:.3g})" if "l2" in made.facts else told


def photo(name: str, caption: str, pixels: Array) -> Picture:
    """Draw pixels [3, S, S] as they are."""
    return Picture(name, caption, pictures.png(pictures.photo(pixels)))


def map_of(spec: ExplainSpec, results: Results) -> Picture:
    """Draw a map in ink, on a scale of its own."""
    gradient = results[spec].arrays["gradient"]
    name = spec.method if spec.method == GRADIENT else explainer_named(spec.method).title
    caption = f"99% < {pictures.ink_scale(gradient):.2g}"
    return Picture(name, caption, pictures.png(pictures.absolute_ink(gradient)))


def dark_means(spec: ExplainSpec) -> str:
    """Say what a dark place of a map is."""
    if spec.method in FIRST:
        return "a tiny change there moves it most"
    return "the map is large there, for or against"


def told_of_maps(maps: Sequence[ExplainSpec], results: Results) -> str:
    """Say for which class the maps are, by which method, and how they are drawn."""
    if not maps:
        return ""
    named = {str(results[each].facts["explained"]) for each in maps}
    methods = dict.fromkeys(
        f"SmoothGrad over {m.samples} noisy copies, sigma {m.sigma:g}"
        if m.method == SMOOTHGRAD
        else explainer_named(m.method).title
        for m in maps
    )
    on = "the attacked picture" if maps[0].image.startswith(RESULT) else "the picture as it is"
    return (
        f"The {score_of(maps[0])} of {' and '.join(sorted(named))}, of {on}: "
        f"{' and '.join(methods)}. Dark: {dark_means(maps[0])}. Each map has a scale "
        "of its own: 99% of its pixels stay under the number below it. Dark does not mean good "
        "evidence, and a map is no proof."
    )
