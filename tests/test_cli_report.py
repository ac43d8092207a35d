"""`advviz report`: any experiment as a page, from a link or a preset; nothing half-written."""

import json
import re

import numpy as np
import pytest
from command_line import called, complaint, names, png_file
from PIL import Image
from test_every_kind import ATTACK, MODEL, ONE_OF_EACH

from advviz.experiments import links
from advviz.experiments.features import FeaturesSpec
from advviz.experiments.specs import AttackSpec

GROUPS = ("board", "ladder")
ALONE = [spec for spec in ONE_OF_EACH if spec.kind not in GROUPS]


def facts_of(path):
    page = path.read_text(encoding="utf-8")
    return page, json.loads(re.search(r"id='advviz-report'>(.*?)</script>", page)[1])


@pytest.mark.parametrize("spec", ALONE, ids=lambda spec: spec.kind)
def test_every_kind_has_its_report(spec, tmp_path, capsys):
    out = tmp_path / "report.html"
    link = f"http://here/page?{links.to_link(spec)}&show.gain=5&lang=en"
    printed = called(capsys, "report", link, "--out", out)
    page, facts = facts_of(out)
    assert links.from_link(facts["link"]) == spec
    assert printed.startswith(facts["finding"])
    assert facts["finding"].endswith(".")
    assert "http://here/page?v=1" in page
    assert facts["evidence"]
    assert names(tmp_path) == ["report.html"]


def test_a_picture_of_ones_own_stays_out_without_the_tick(tmp_path, capsys):
    own, out = png_file(tmp_path / "own.png", 32), tmp_path / "report.html"
    link = links.to_link(ATTACK)
    called(capsys, "report", link, "--image", own, "--out", out)
    page, facts = facts_of(out)
    assert "<img" not in page
    assert "stays out of this report" in page
    assert facts["picture"].startswith("sha256:")
    called(capsys, "report", link, "--image", own, "--out", out, "--with-picture")
    assert "<img" in facts_of(out)[0]


def test_pictures_of_a_folder_stay_out_without_the_tick_and_its_path_always(tmp_path, capsys):
    """Neither the pictures nor weights that were learnt from them; the figures stay."""
    folder, out = tmp_path / "mine", tmp_path / "report.html"
    for label, name in enumerate(("cup", "pen")):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            levels = np.random.default_rng(100 * label + number).integers(0, 90, (8, 8, 3))
            levels[:, 4 * label : 4 * label + 4] += 100
            Image.fromarray(levels.astype(np.uint8)).save(folder / name / f"{number}.png")
    spec = FeaturesSpec(data=str(folder), classes="cup,pen", eps=8.0, steps=50, size=8, seeds=2)
    called(capsys, "report", links.to_link(spec), "--out", out)
    page, facts = facts_of(out)
    assert "<img" not in page
    assert "stay out of this report" in page
    assert str(folder) not in page
    assert "%2Fmine" not in page
    assert (facts["picture"], links.from_link(facts["link"]).data) == ("FOLDER", "FOLDER")
    assert [bar["value"] for bar in facts["evidence"]] == [
        facts["measured"][name]["value"]
        for name in ("clean_accuracy", "mislabelled_training", "control_random", "control_flipped")
    ]
    called(capsys, "report", links.to_link(spec), "--out", out, "--with-picture")
    shown = facts_of(out)[0]
    assert "<img" in shown
    assert str(folder) not in shown


def test_a_lab_that_lacks_its_pictures_is_refused_before_anything_is_computed(tmp_path, capsys):
    link = links.to_link(FeaturesSpec(data="nowhere"))
    told = complaint(capsys, "report", link, "--out", tmp_path / "r.html")
    assert "data must be digits, cifar10 or a folder" in told
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nothing-like-this"], "a link or a preset"),
        (["v=1&kind=attack"], "every field once"),
        ([links.to_link(AttackSpec(model="no-such", image="sample:frog"))], "no model is called"),
        (["v=2&kind=attack"], "version"),
    ],
)
def test_what_is_no_experiment_is_refused_in_a_sentence(words, told, tmp_path, capsys):
    assert told in complaint(capsys, "report", *words, "--out", tmp_path / "r.html")
    assert names(tmp_path) == []


def test_another_file_name_is_refused(tmp_path, capsys):
    link = links.to_link(AttackSpec(model=MODEL, image="sample:frog"))
    assert ".html" in complaint(capsys, "report", link, "--out", tmp_path / "r.pdf")
