"""`advviz report`: any experiment as a page, from a link or a preset; nothing half-written."""

import json
import re

import pytest
from command_line import called, complaint, names, png_file
from test_every_kind import ATTACK, MODEL, ONE_OF_EACH

from advviz.evaluation.one_page_evidence import REPORTED
from advviz.experiments import links
from advviz.experiments.specs import AttackSpec

GROUPS = ("board", "ladder")
ALONE = [spec for spec in ONE_OF_EACH if spec.kind in REPORTED and spec.kind not in GROUPS]
LABS = [spec for spec in ONE_OF_EACH if spec.kind not in REPORTED]


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


@pytest.mark.parametrize("spec", LABS, ids=lambda spec: spec.kind)
def test_a_lab_has_tables_of_its_own_and_no_report(spec, tmp_path, capsys):
    """It is refused before anything is computed."""
    told = complaint(capsys, "report", links.to_link(spec), "--out", tmp_path / "r.html")
    assert "a report is made of board" in told
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
