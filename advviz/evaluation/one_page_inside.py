"""The evidence of a one-page report on what an attack does inside: to maps, and to units."""

from advviz import pictures
from advviz.evaluation.alike import LIMITS, SENTENCES, figure, held
from advviz.evaluation.one_page_evidence import Case, Evidence, Picture, Results, photo
from advviz.evaluation.outcomes import said
from advviz.experiments.alike import AlikeSpec
from advviz.experiments.result import Result
from advviz.experiments.turned_units import UnitsSpec
from advviz.explain.catalogue import explainer_named
from advviz.models.records import record

NAMED = 4
"""Units that are named each way."""


def case_of_alike(spec: AlikeSpec, results: Results) -> Case:
    """Say whether the maps before and after an attack are still the same, and how it was judged."""
    result, described = results[spec], record(spec.model)
    first, second = (str(name) for name in result.facts["classes"])
    told = [held(result, place) for place in (0, 1)]
    before, after = (said(logits, described.classes) for logits in result.arrays["logits"])
    row = Evidence(
        spec.model,
        f"says {before} before, {after} after",
        "; ".join(
            f"{name}: rank correlation {figure(one.value)}, {SENTENCES[one.verdict].rstrip('.')}"
            for name, one in zip((first, second), told, strict=True)
        ),
        _maps(result),
    )
    title = explainer_named(spec.method).title
    finding = (
        f"After the attack, {described.title}'s map for {first} is like the one before at "
        f"{figure(told[0].value)} (rank correlation): {SENTENCES[told[0].verdict]}"
    )
    maps = (
        f"{title}, all on one scale. Held against noise of the attack's size "
        f"({figure(told[0].noisy.low)} at least), maps of other photos "
        f"({figure(told[0].photos.high)} at most) and random maps with the same values and "
        f"spectrum ({figure(told[0].random.high)} at most). {LIMITS}"
    )
    return Case(finding, (row,), maps=maps)


def _maps(result: Result) -> tuple[Picture, ...]:
    """Draw the maps of both classes before and after, on one scale."""
    maps = result.arrays["maps"]
    scale = max(pictures.ink_scale(one) for pair in maps for one in pair)
    return tuple(
        Picture(f"{name}, {when}", "", pictures.png(pictures.absolute_ink(one, scale)))
        for name, pair in zip(result.facts["classes"], maps, strict=True)
        for when, one in zip(("before", "after"), pair, strict=True)
    )


def case_of_units(spec: UnitsSpec, results: Results) -> Case:
    """Say which units an attack moved, and how far beside noise of its size."""
    result, described = results[spec], record(spec.model)
    facts, arrays = result.facts, result.arrays
    before, after = (said(logits, described.classes) for logits in arrays["logits"])
    turned = (
        f"turned {way}: "
        + (", ".join(f"{u} ({arrays['scores'][u]:+.1f})" for u in facts[way][:NAMED]) or "none")
        for way in ("on", "off")
    )
    row = Evidence(
        spec.model,
        f"says {before} before, {after} after",
        f"units of {facts['layer']}, by their spread over the sample pictures; {'; '.join(turned)}",
        (photo("original", "", arrays["pixels"][0]), photo("attacked", "", arrays["pixels"][1])),
    )
    return Case(
        f"In layer {facts['layer']} of {described.title} the attack moves {facts['beyond_noise']} "
        f"of {facts['units']} units further than noise of the same size moves any; that a unit "
        "moved does not show that it moved the answer.",
        (row,),
    )
