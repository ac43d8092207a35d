"""The evidence of a one-page report on one question: an answer, a map, a drawing, a control."""

from collections.abc import Callable, Mapping

from advviz import pictures
from advviz.evaluation import outcomes
from advviz.evaluation.one_page_evidence import (
    Case,
    Evidence,
    Picture,
    Results,
    attacked,
    change,
    map_of,
    moved,
    of_attacks,
    photo,
    told_of_maps,
    viewings,
)
from advviz.evaluation.one_page_features import case_of_features
from advviz.evaluation.one_page_inside import case_of_alike, case_of_units
from advviz.evaluation.one_page_layers import case_of_atlas, case_of_responses
from advviz.evaluation.one_page_training import case_of_training
from advviz.evaluation.one_page_trust import case_of_trust
from advviz.evaluation.outcomes import Said, said, strength
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.atlas import AtlasSpec
from advviz.experiments.board import BoardSpec
from advviz.experiments.explainer_choice import FIRST, score_of
from advviz.experiments.features import FeaturesSpec
from advviz.experiments.inquiries import DefencesSpec, SmallestSpec, SurfaceSpec
from advviz.experiments.lab_training import LabTrainingSpec
from advviz.experiments.ladder import LadderSpec
from advviz.experiments.links import AnySpec
from advviz.experiments.references import true_class
from advviz.experiments.responses import ResponsesSpec
from advviz.experiments.result import Result
from advviz.experiments.specs import AttackSpec, ExplainSpec, NoiseSpec, PredictSpec, VisualizeSpec
from advviz.experiments.trust import TrustSpec
from advviz.experiments.turned_units import UnitsSpec
from advviz.explain.catalogue import explainer_named
from advviz.explain.found import in_words
from advviz.models.records import record


def case_of(spec: AnySpec, results: Results) -> Case:
    """Read what an experiment came to.

    Args:
        spec: the experiment.
        results: of all that `needed` lists.
    """
    if isinstance(spec, BoardSpec | LadderSpec | AttackSpec):
        return of_attacks(spec, results)
    return OTHERS[type(spec)](spec, results)


def _predicted(spec: PredictSpec, results: Results) -> Case:
    arrays, described = results[spec].arrays, record(spec.model)
    answer, shown = said(arrays["logits"], described.classes), true_class(spec.image, described)
    judged = (
        ""
        if shown is None
        else ", which is right"
        if answer.label == shown
        else (f", which is wrong: shown is {shown}")
    )
    row = Evidence(spec.model, str(answer), "", (photo("picture", "", arrays["pixels"]),))
    return Case(f"{described.title} says {answer}{judged}.", (row,))


def _explained(spec: ExplainSpec, results: Results) -> Case:
    result, described = results[spec], record(spec.model)
    answer = said(result.arrays["logits"], described.classes)
    named, value = result.facts["explained"], result.facts["value"]
    explained = photo("what was explained", "", result.arrays["pixels"])
    row = Evidence(
        spec.model,
        f"says {answer}",
        f"{score_of(spec)} of {named}: {value:.3g}{_found(result)}",
        (explained, map_of(spec, results)),
    )
    about = "an attacked picture" if attacked(spec) else "the picture"
    shows = f"where a tiny change moves the {spec.objective} of {named} most"
    if spec.method not in FIRST:
        explainer = explainer_named(spec.method)
        shows = f"what {explainer.title} holds to move the {score_of(spec)} of {named} most"
        if explainer.blind:
            shows = f"what {explainer.title} finds, the same for every class"
    finding = (
        f"{described.title} says {answer} of {about}; the map shows {shows}, and not whether "
        "that is a good reason."
    )
    return Case(finding, (row,), maps=told_of_maps([spec], results))


def _found(result: Result) -> str:
    """Say how nearly a map adds up, where it should, and what else was found."""
    told = "".join(f"; {sentence}" for sentence in in_words(result.facts))
    if "completeness_error" in result.facts:
        change, error = result.facts["difference"], result.facts["completeness_error"]
        told += f"; the map adds up to its change of {change:.3g} but for {error:.2g}"
    return told


def _drawn(spec: VisualizeSpec, results: Results) -> Case:
    result, described = results[spec], record(spec.model)
    other = viewings(spec)[0]
    own = said(result.arrays["logits"], described.classes)
    seen = said(results[other].arrays["logits"], record(other.model).classes)
    what, _, named = spec.unit.partition(":")
    shown = (
        photo("start", "", result.arrays["start"]),
        photo("drawn", "", result.arrays["picture"]),
    )
    row = Evidence(spec.model, f"says {own} of its drawing", f"raised: {spec.unit}", shown)
    if what == "class" and other.model != spec.model:
        agrees = "sees it too" if seen.label == named else "does not see it"
        others = f"; {record(other.model).title}, who was not asked to draw, {agrees}: {seen}"
    else:
        others = ""
    begun = "noise" if not spec.starts_from_image else "a picture"
    return Case(
        f"Drawn from {begun} to raise {named if what == 'class' else spec.unit} in "
        f"{described.title}, which then says {own}{others}.",
        (row,),
    )


def _noise(spec: NoiseSpec, results: Results) -> Case:
    result, described = results[spec], record(spec.model)
    before = said(result.arrays["original_logits"], described.classes)
    changed, draws = result.facts["changed"], result.facts["draws"]
    row = Evidence(
        spec.model, f"{changed} of {draws} changed the answer", f"before: {before}",
        (photo("with noise", "the first draw", result.arrays["example"]),),
    )  # fmt: skip
    return Case(
        f"Of {draws} random changes of size {strength(spec.norm, spec.eps)}, {changed} changed "
        f"what {described.title} says ({before} without them).",
        (row,),
    )


def _smallest(spec: SmallestSpec, results: Results) -> Case:
    result, described = results[spec], record(spec.model)
    before = said(result.arrays["original_logits"], described.classes)
    if result.facts["distance"] is None:
        row = Evidence(spec.model, "no change found", f"before: {before}",
                       (photo("original", "", result.arrays["original"]),))  # fmt: skip
        told = f"No change that the search tried fooled {described.title}; that is no proof."
        return Case(told, (row,))
    after = said(result.arrays["logits"], described.classes)
    file = said(result.arrays["eight_bit_logits"], described.classes)
    row = Evidence(
        spec.model, f"{before} → {after}", f"{moved(result)}; as an 8-bit file: {file}",
        change(result),
    )  # fmt: skip
    return Case(_said_of_smallest(spec, result, described.title, before, after), (row,))


def _said_of_smallest(
    spec: SmallestSpec, result: Result, title: str, before: Said, after: Said
) -> str:
    """Say how small the change is that was found, and at which size the attack failed."""
    distance, held = result.facts["distance"], result.facts["held"]
    if distance == 0:
        return f"No change is needed: {title} says {before} of the picture as it is."
    failed = f"; the attack failed at {strength(spec.norm, round(held, 6))}" if held else ""
    return (
        f"The smallest change found that makes {title} say {after} instead of {before} is "
        f"{strength(spec.norm, round(distance, 6))}{failed}. A smaller one may exist."
    )


def _defended(spec: DefencesSpec, results: Results) -> Case:
    result, described = results[spec], record(spec.model)
    names, logits = result.facts["names"], result.arrays["logits"]
    answers = [said(one, described.classes) for one in logits[0]]
    kept = sum(each.label == answers[0].label for each in answers[1:])
    listed = "; ".join(f"{n}: {a}" for n, a in zip(names, answers, strict=True))
    shown = Picture("the picture", "", pictures.png(result.arrays["pictures"][0, 0]))
    row = Evidence(spec.model, f"says {answers[0]} without a defence", listed, (shown,))
    return Case(
        f"After {kept} of {len(names) - 1} simple defences {described.title} still says "
        f"{answers[0].label}. None of them was attacked itself, so none is proven.",
        (row,),
    )


def _surface(spec: SurfaceSpec, results: Results) -> Case:
    result, described = results[spec], record(spec.model)
    (attack,) = attacked(spec)
    answers = result.arrays["logits"].argmax(-1)
    one = outcomes.outcome(attack, results[attack])
    elsewhere = float((answers != described.class_index(one.before.label)).mean())
    row = Evidence(attack.model, one.verdict, moved(results[attack]), change(results[attack]))
    return Case(
        f"On a flat grid of {answers.size} points around the picture, along the attack and across "
        f"it, {described.title} says something other than {one.before.label} at {elsewhere:.0%}.",
        (row,),
    )


OTHERS: Mapping[type, Callable[..., Case]] = {
    PredictSpec: _predicted,
    ExplainSpec: _explained,
    TrustSpec: case_of_trust,
    VisualizeSpec: _drawn,
    NoiseSpec: _noise,
    SmallestSpec: _smallest,
    DefencesSpec: _defended,
    SurfaceSpec: _surface,
    AlikeSpec: case_of_alike,
    UnitsSpec: case_of_units,
    FeaturesSpec: case_of_features,
    LabTrainingSpec: case_of_training,
    AtlasSpec: case_of_atlas,
    ResponsesSpec: case_of_responses,
}
