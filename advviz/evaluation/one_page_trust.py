"""The evidence of a one-page report on a trust panel."""

from advviz import pictures
from advviz.evaluation.one_page_evidence import Case, Evidence, Picture, Results, map_of, photo
from advviz.evaluation.trust import NAMES, RANDOM, judged
from advviz.evaluation.trust_finding import FAILS, PASSES, UNCLEAR, Finding
from advviz.experiments.trust import TrustSpec
from advviz.explain.catalogue import explainer_named
from advviz.models.records import record

NOTICE = (
    "The map was compared with maps that cannot know the network: the same method on copies with "
    "random weights, the picture's edges, noise, and the map itself, shifted. The thresholds "
    "are the same for every map. A test can expose a map; none can show that it is right."
)


def case_of_trust(spec: TrustSpec, results: Results) -> Case:
    """Say what the tests of a map came to: by name beside its pictures, and each in full below."""
    result, described = results[spec], record(spec.model)
    found = judged(spec, result.facts)
    by_verdict = {
        verdict: [each for each in found.findings if each.verdict == verdict]
        for verdict in (FAILS, UNCLEAR, PASSES)
    }
    told = [_named(each) for each in by_verdict.values() if each]
    last = Picture("all weights random", "averaged", _drawn(result.arrays["cascade"][-1]))
    trained = Picture("as trained", "averaged", _drawn(result.arrays["cascade"][0]))
    shown = (
        photo("what was explained", "", result.arrays["pixels"]),
        map_of(spec, results),
        trained,
        last,
        Picture("edges", "of the picture", _drawn(result.arrays["edges"])),
    )
    row = Evidence(
        spec.model, f"{found.overall.symbol} {found.overall.verdict}", " ".join(told), shown
    )
    title = explainer_named(spec.method).title
    random = f" {RANDOM}" if found.random else ""
    finding = (
        f"{title} of {result.facts['explained']} on {described.title}: {found.overall}{random}"
    )
    sentences = " ".join(f"{each.symbol} {each}" for each in found.findings)
    return Case(finding, (row,), maps=f"{NOTICE} {sentences}")


def _named(findings: list[Finding]) -> str:
    """List tests of one verdict by what they ask."""
    first = findings[0]
    return f"{first.symbol} {first.verdict}: {' '.join(NAMES[each.name] for each in findings)}"


def _drawn(array: object) -> bytes:
    return pictures.png(pictures.absolute_ink(array))  # type: ignore[arg-type]  # of a result
