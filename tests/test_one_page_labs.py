"""The labs' one-page reports: a sentence that is true whatever came out, on one page of paper."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from fake_engine import features_found, trained_side_by_side

from advviz.data.cifar10 import PICTURES
from advviz.evaluation import one_page
from advviz.evaluation.one_page_questions import case_of
from advviz.experiments import links
from advviz.experiments.features import FeaturesSpec
from advviz.experiments.lab_training import LabTrainingSpec, collapsing
from advviz.experiments.result import Result

FEATURES, TRAINING = FeaturesSpec(seeds=3), LabTrainingSpec()
GOES = "So what the attack wrote into the pictures goes with the label."
HELPED = "the training helped, against this judge"


def measured(*seeds):
    known = [value for value in seeds if value is not None]
    if not known:
        return None
    mean = sum(known) / len(known)
    return {"value": mean, "low": min(known), "high": max(known), "seeds": list(seeds)}


def features(new, moved=(0.02,) * 3, still=(0.01,) * 3, first=(0.99,) * 3, **facts):
    """What the lab may come to, by the shares of each seed."""
    names = ("mislabelled_training", "control_random", "control_flipped", "clean_accuracy")
    shares = dict(zip(names, (measured(*of) for of in (new, moved, still, first)), strict=True))
    made = features_found(FEATURES)
    return Result(made.arrays, {**made.facts, **shares, **facts})


def found(result, spec=FEATURES):
    return case_of(spec, {spec: result}).finding


def test_the_new_classifier_is_praised_where_the_controls_stay_below_it():
    told = found(features((0.96, 0.97, 0.98)))
    assert told.startswith("Though every label that it saw was wrong, the new classifier is right")
    assert "on 97.0% of clean test pictures of 3 and 8 (3 seeds, 96.0% to 98.0%)" in told
    assert "are right on 2.0% and 1.0%" in told
    assert told.endswith(GOES)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (features((0.1, 0.4, 0.2)), "is right on only 23.3%"),
        (features((0.5, 0.5, 0.5)), "no better than chance: here it fails"),
        (features((0.9, 0.9, 0.4)), "not with every seed"),
        (features((0.55, 0.56, 0.57)), "on 72 test pictures that may be luck"),
        (features((0.9,) * 3, moved=(0.95,) * 3), "A control is as good as it"),
        (features((0.9,) * 3, still=(0.85,) * 3), "The intervals touch"),
        (features((0.9,) * 3, moved=(), still=()), "No control was trained"),
        (features((), (), ()), "Nothing could be tested: within L2 1 the attack turned 70.0%"),
    ],
)
def test_whatever_else_came_out_is_told_as_it_is(result, said):
    told = found(result)
    assert said in told
    assert GOES not in told
    assert told.endswith(".")
    assert "  " not in told


def test_seeds_without_pictures_and_a_first_classifier_that_knows_nothing_are_told():
    told = found(features((0.97, None, 0.97), first=(0.52,) * 3))
    assert "(2 seeds, 97.0% to 97.0%)" in told
    assert "With one seed too few pictures were turned to train on." in told
    assert "The first classifier, with true labels, is itself right on only 52.0%." in told


def trained(spec=TRAINING, **facts):
    made = trained_side_by_side(spec)
    return Result(made.arrays, {**made.facts, **facts})


def test_the_robust_network_is_praised_where_the_intervals_lie_apart():
    told = found(trained(), TRAINING)
    assert "within L2 0.75" in told
    assert "right on 44.6% (39.5% to 49.7%) of 359 test pictures" in told
    assert "the standard one on 1.1% (0.4% to 2.8%)" in told
    assert told.endswith(HELPED + ".")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"robust": [160, 165]}, "the intervals touch"),
        ({"robust": [165, 160]}, "the intervals touch"),
        ({"robust": [160, 4]}, "the robust training made it worse"),
        ({"clean": [350, 36], "robust": [4, 36]}, "The robust network cannot tell the classes"),
        ({"clean": [36, 340]}, "The standard network cannot tell the classes"),
    ],
)
def test_a_training_that_did_not_help_is_not_praised(facts, said):
    told = found(trained(**facts), TRAINING)
    assert said in told
    assert HELPED not in told
    assert told.endswith(".")


def test_a_collapse_is_told_with_both_attacks():
    spec = collapsing()
    told = found(trained(spec, robust=[4, 6]), spec)
    assert "Its training collapsed, as seen after epoch 20: it was right on 80.0%" in told
    assert "at the end, on 90.0% and 2.0%" in told
    assert HELPED not in told
    assert "No collapse was seen" in one_page.report(spec, {spec: trained(spec, collapse=None)})


def test_against_nobody_both_trainings_are_the_same():
    spec = replace(TRAINING, eps=0.0)
    told = found(trained(spec, clean=[350, 350], robust=[350, 350]), spec)
    assert told.startswith("An attacker who may change nothing")
    assert HELPED not in told


@pytest.mark.parametrize(
    ("clean", "said"),
    [
        ([359, 300], "16.4 points fewer than the standard one: that is the price here."),
        ([350, 340], "that is the price here, though the intervals touch"),
        ([340, 350], "2.8 points more than the standard one: no price was seen here"),
        ([340, 340], "as often as the standard one: no price was seen here"),
    ],
)
def test_the_price_is_told_whichever_way_it_is(clean, said):
    assert said in case_of(TRAINING, {TRAINING: trained(clean=clean)}).lab.price


# --- the page ------------------------------------------------------------------


def inside(page):
    return json.loads(re.search(r"id='advviz-report'>(.*?)</script>", page)[1])


@pytest.mark.parametrize(
    ("spec", "result"), [(FEATURES, features((0.97,) * 3)), (TRAINING, trained())]
)
def test_the_report_carries_what_repeats_it(spec, result):
    page = one_page.report(spec, {spec: result}, address="http://somewhere/lab")
    facts = inside(page)
    assert links.from_link(facts["link"]) == spec
    assert facts["command"].startswith("advviz lab ")
    assert facts["seeds"] == ([0, 1, 2] if spec == FEATURES else [0])
    assert facts["measured"] == json.loads(json.dumps(result.facts))
    assert page.count("class='chance'") == 4
    assert "CC BY 4.0" in page
    assert "What this does not show" in page
    assert page.count("<img") == (4 + 3 * 4 if spec == FEATURES else 6 + 2 * 6)


def test_what_was_not_trained_is_no_bar():
    page = one_page.report(FEATURES, {FEATURES: features((), (), ())})
    assert page.count("<b>not trained</b>") == 3
    assert page.count("class='whisker'") == 1


def test_a_folder_in_the_place_of_cifar10_enters_by_a_tick_alone(monkeypatch, tmp_path):
    spec = replace(TRAINING, data="cifar10")
    monkeypatch.delenv(PICTURES, raising=False)
    assert not one_page.is_private(spec)
    assert not one_page.is_private(TRAINING)
    monkeypatch.setenv(PICTURES, str(tmp_path))
    assert "<img" not in one_page.report(spec, {spec: trained(spec)})
    assert "<img" in one_page.report(spec, {spec: trained(spec)}, with_picture=True)


def test_names_of_classes_are_no_markup():
    spec = FeaturesSpec(classes="<b>3,8", seeds=3)
    page = one_page.report(spec, {spec: features((0.97,) * 3)})
    assert "&lt;b&gt;3" in page
    assert "<b>3" not in page.partition("<script")[0]


def crowded(spec):
    """As much as a training can leave: every attack, radius and class, and a long finding."""
    made = trained(spec, attacks={n: [4, 160] for n in ("pgd", "apgd-ce", "apgd-dlr")})
    radii = {"radii": np.linspace(0.1, 3, 8), "radii_right": np.full((2, 8), 60.0)}
    return Result({**made.arrays, **radii}, {**made.facts, "clean": [36, 36]})


@pytest.mark.browser
def test_each_prints_on_one_page_with_the_network_off(browser, tmp_path):
    context = browser.new_context(offline=True)
    asked = []
    names = replace(FEATURES, classes="automobile,locomotive")
    linear, fell = replace(TRAINING, network="linear"), collapsing()
    pages = {
        "features": one_page.report(FEATURES, {FEATURES: features((0.97,) * 3)}),
        "names": one_page.report(names, {names: features((0.9, None, 0.9), first=(0.5,) * 3)}),
        "nothing": one_page.report(FEATURES, {FEATURES: features((), (), ())}),
        "training": one_page.report(TRAINING, {TRAINING: trained()}, address="http://somewhere/"),
        "linear": one_page.report(linear, {linear: crowded(linear)}),
        "collapse": one_page.report(fell, {fell: crowded(fell)}, address="http://somewhere/lab"),
    }
    for name, text in pages.items():
        file = tmp_path / f"{name}.html"
        file.write_text(text, encoding="utf-8")
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        pdf = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1, name
        assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        assert page.evaluate("document.body.scrollWidth <= innerWidth"), name
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]
    context.close()
