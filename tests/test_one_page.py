"""The one-page report: true whatever came out, one page of paper, nothing from the network."""

import json
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from advviz.compute import shipped
from advviz.data import uploads
from advviz.evaluation import known_figures, one_page
from advviz.evaluation.one_page_questions import case_of
from advviz.evaluation.outcomes import FOOLED, HELD, KINDS, Outcome, Said, finding
from advviz.experiments import links, presets
from advviz.experiments.inquiries import SmallestSpec
from advviz.experiments.ladder import LadderSpec
from advviz.experiments.result import Result
from advviz.experiments.specs import ExplainSpec
from advviz.models import ladders
from advviz.models.records import record
from advviz.ui import words

STANDARD, ROBUST = "tiny14-standard", "tiny14-robust-l2"
DOG, FISH, CAT = (Said(name, 0.9) for name in ("dog", "goldfish", "cat"))


def came(model, kind):
    """An attack on a dog towards a goldfish that came out as wanted."""
    before, after, target = {
        "fooled": (DOG, FISH, "goldfish"),
        "astray": (DOG, CAT, "goldfish"),
        "held": (DOG, DOG, "goldfish"),
        "wrong": (CAT, FISH, "goldfish"),
        "moot": (DOG, DOG, "dog"),
    }[kind]
    return Outcome(
        model=model, right="dog", target=target, before=before, after=after, eight_bit=after
    )


@pytest.mark.parametrize("kind", KINDS)
def test_an_outcome_is_judged_as_the_pages_judge_it(kind):
    one = came(STANDARD, kind)
    read = [words.Reading(s.label, s.confidence, ()) for s in (one.before, one.after)]
    judged = words.verdict(*read, one.right, one.target)
    assert one.kind == kind
    assert judged.kind == ("wrong" if kind == "moot" else kind)
    assert one.verdict.startswith(judged.symbol)


@pytest.mark.parametrize(("standard", "robust"), list(product(KINDS, KINDS)))
def test_the_finding_says_of_each_what_happened_to_it(standard, robust):
    """It praises the robust network where that held and the other gave way, and nowhere else."""
    told = finding([came(STANDARD, standard), came(ROBUST, robust)], "L2 1")
    said = {
        "fooled": "now says goldfish 90% instead of dog",
        "astray": "wrong but not the target",
        "held": "still says dog 90%",
        "wrong": "was wrong before the attack",
        "moot": "is the target itself",
    }
    of_standard, of_robust = re.split(r"; (?=the robust)", told)
    assert said[standard] in of_standard
    assert said[robust] in of_robust
    gave = {"fooled", "astray"}
    assert ("the robust network held" in told) == (standard in gave and robust == HELD)
    assert ("no promise" in told) == (standard == HELD and robust in gave)
    assert ("no proof" in told) == (standard == robust == HELD)
    assert ("cannot judge" in told) == bool({standard, robust} & {"wrong", "moot"})


def test_a_file_that_no_longer_fools_is_told():
    one = replace(came(STANDARD, FOOLED), eight_bit=DOG)
    assert "Saved as an 8-bit file" in finding([one], "L2 1")
    assert "Saved as an 8-bit file" not in finding([came(STANDARD, FOOLED)], "L2 1")


def test_all_rungs_of_a_ladder_have_figures_under_one_attack():
    found = known_figures.compared(ladders.rungs("tiny14-l2"), "l2", 1.0)
    assert len(found) == len(ladders.rungs("tiny14-l2"))
    assert all(one.attack == found[0].attack for one in found)


def test_the_median_lies_where_half_of_the_right_ones_have_fallen():
    (standard, robust) = known_figures.compared([record(STANDARD), record(ROBUST)], "l2", 1.0)
    assert (standard.n, robust.n) == (1125, 1125)
    assert standard.attack == robust.attack
    assert known_figures.half_fooled(record(STANDARD), standard) == "≤ 0.5"
    assert known_figures.half_fooled(record(ROBUST), robust) == "> 1.5"


def test_a_picture_that_needs_no_change_is_told_as_one():
    """The search for the smallest change then stays where it began."""
    spec = SmallestSpec(model=STANDARD, image="sample:jeep", target="car")
    logits = np.eye(14, dtype=np.float32)[record(STANDARD).class_index("car")]
    pixels = np.zeros((3, 64, 64), np.float32)
    arrays = {"original": pixels, "adversarial": pixels, "original_logits": logits,
              "logits": logits, "eight_bit_logits": logits}  # fmt: skip
    told = case_of(spec, {spec: Result(arrays, {"distance": 0.0, "held": 0.0})}).finding
    assert told.startswith("No change is needed")
    arrays |= {"adversarial": pixels + 0.1}
    found = Result(arrays, {"distance": 1.5, "held": 0.0})
    assert "failed at" not in case_of(spec, {spec: found}).finding


# --- the page ------------------------------------------------------------------


@pytest.fixture(scope="module")
def board():
    return presets.home()


@pytest.fixture(scope="module")
def results(board):
    found = {spec: shipped.read(spec) for spec in one_page.needed(board)}
    assert all(found.values())
    return found


def exchanged(board, results):
    """The attack's outcomes, each at the other model: the robust one fooled, the other not."""
    standard, robust = board.attack_on(board.standard), board.attack_on(board.robust)
    return {**results, standard: results[robust], robust: results[standard]}


def inside(page):
    return json.loads(re.search(r"id='advviz-report'>(.*?)</script>", page)[1])


def test_the_report_carries_what_repeats_it(board, results):
    page = one_page.report(board, results, address="http://somewhere/compare")
    facts = inside(page)
    assert links.from_link(facts["link"]) == board
    assert [one["kind"] for one in facts["outcomes"]] == [FOOLED, HELD]
    assert facts["weights_sha256"][STANDARD] == record(STANDARD).sha256
    assert facts["command"].startswith("advviz board ")
    assert "What to ask a supplier" in page
    assert page.count("<img") == 10


def test_a_finding_that_nobody_hoped_for_is_told_as_it_is(board, results):
    facts = inside(one_page.report(board, exchanged(board, results)))
    assert [one["kind"] for one in facts["outcomes"]] == [HELD, FOOLED]
    assert "the robust network, right before, now says goldfish" in facts["finding"]
    assert "robust training is no promise for a single picture" in facts["finding"]


def test_a_picture_of_ones_own_enters_by_a_tick_alone(board, results):
    """Neither it nor what was made of it; the verdicts stay."""
    own = replace(board, image=f"{uploads.PREFIX}{'0' * 64}")
    mine = dict(zip(one_page.needed(own), results.values(), strict=True))
    page = one_page.report(own, mine)
    assert "<img" not in page
    assert "Fooled → goldfish" in page
    assert one_page.report(own, mine, with_picture=True).count("<img") == 10


def test_nothing_in_a_report_is_markup_of_somebody_else(board, results):
    told = Result(results[board.attack_on(STANDARD)].arrays, {"true_class": "<b>", "l2": 1.0})
    page = one_page.report(board, {**results, board.attack_on(STANDARD): told})
    assert "<b>," not in page
    assert case_of(board, {**results, board.attack_on(STANDARD): told}).outcomes[0].kind == "wrong"


@pytest.mark.browser
def test_it_prints_on_one_page_with_the_network_off(board, results, browser, tmp_path):
    context = browser.new_context(offline=True)
    asked = []
    ladder = LadderSpec(image=board.image)
    by_kind = {spec.kind: result for spec, result in results.items()}
    rungs = {spec: by_kind[spec.kind] for spec in one_page.needed(ladder)}  # to fill the page
    pages = {
        "ladder": one_page.report(ladder, rungs, address="http://somewhere/ladder"),
        "hoped": one_page.report(board, results, address="http://somewhere/compare"),
        "not": one_page.report(board, exchanged(board, results)),
    }
    for name, text in pages.items():
        file = tmp_path / f"{name}.html"
        file.write_text(text, encoding="utf-8")
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        pdf = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
        assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]
    context.close()


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("smoothgrad", "where a tiny change moves the cross-entropy of cat most"),
        ("occlusion", "what Occlusion holds to move the probability of cat most"),
        ("integrated-gradients", "what Integrated gradients holds to move the log-probability"),
    ],
)
def test_a_map_is_told_by_its_method_and_its_score(method, told):
    """And how nearly it adds up, where it should."""
    spec = ExplainSpec(model=STANDARD, image="sample:chelsea", method=method, explained="cat")
    size = record(STANDARD).input_size
    facts = {"explained": "cat", "value": 0.25}
    if method == "integrated-gradients":
        facts |= {"difference": 2.5, "completeness_error": 0.01}
    channels = 1 if method == "occlusion" else 3
    arrays = {
        "pixels": np.zeros((3, size, size), np.float32),
        "gradient": np.ones((channels, size, size), np.float32),
        "logits": np.eye(len(record(STANDARD).classes), dtype=np.float32)[0],
    }
    case = case_of(spec, {spec: Result.of(arrays, facts)})
    assert told in case.finding
    assert ("adds up to its change of 2.5 but for 0.01" in case.evidence[0].detail) == (
        method == "integrated-gradients"
    )
    assert ("a tiny change there" in case.maps) == (method == "smoothgrad")
