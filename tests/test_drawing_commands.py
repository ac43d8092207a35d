"""`advviz visualize` with sums, regions and several pictures; `advviz invert`; their reports."""

import json

import numpy as np
import pytest
from command_line import ROBUST, called, complaint, png_file
from PIL import Image

from advviz.experiments import links
from advviz.experiments.inversion import InvertSpec
from advviz.experiments.references import made_by
from advviz.experiments.specs import VisualizeSpec


def test_a_sum_names_classes_as_people_do_and_several_pictures_stand_side_by_side(tmp_path, capsys):
    out = tmp_path / "sum.png"
    words = ("visualize", "--model", ROBUST, "--unit", "class:Goldfish - 0.5 class:dog")
    more = ("--pictures", "3", "--steps", "1", "--scale", "1", "--out", out, "--json")
    said = json.loads(called(capsys, *words, *more))
    spec = links.from_link(said["link"])
    assert (spec.unit, spec.pictures) == ("class:goldfish - 0.5 class:dog", 3)
    assert said["apart_at"] == "layer3"
    with Image.open(out) as image:
        assert image.size == (3 * 64, 64)


def test_a_mask_file_keeps_the_rest_of_a_sketch_as_it_is(tmp_path, capsys):
    mask = np.zeros((64, 64, 3), np.uint8)
    mask[:32] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    arrays = tmp_path / "drawn.npz"
    words = ("visualize", "--model", ROBUST, "--class", "dog", "--start", "sketch:animal")
    more = ("--region", tmp_path / "mask.png", "--fill", "grey", "--steps", "2")
    called(capsys, *words, *more, "--out", tmp_path / "drawn.png", "--npz", arrays)
    with np.load(arrays) as found:
        start, picture = found["start"], found["picture"]
    assert np.array_equal(start[:, 32:], picture[:, 32:])
    assert (start[:, :32] == 0.5).all()
    assert (picture[:, :32] != start[:, :32]).any()


def test_invert_draws_a_picture_and_a_strip(tmp_path, capsys):
    out = tmp_path / "inverted.png"
    words = ("invert", png_file(tmp_path / "given.png", side=64), "--model", ROBUST, "--steps", "3")
    told = called(capsys, *words, "--layer", "layer3", "--out", out, "--scale", "1")
    assert "features of layer3 within" in told
    more = ("--towards", "sketch:fish", "--pictures", "4", "--out", out, "--scale", "1", "--json")
    said = json.loads(called(capsys, *words, *more))
    assert said["layer"] == "flatten"
    assert len(said["predictions"]) == 4
    assert said["distance"] < said["distance_at_first"]
    with Image.open(out) as image:
        assert image.size == (4 * 64, 64)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("visualize", "--class", "cat", "--region", "box:0,0,50,50"), "a region is of a picture"),
        (("visualize", "--unit", "class:cat - cat"), "no class"),
        (("visualize", "--class", "cat", "--start", "sketch:boat"), "there is no sketch 'boat'"),
        (("invert", "sample:chelsea", "--layer", "layer9"), "layer must be penultimate or one"),
        (("invert", "sample:chelsea", "--towards", "nowhere.png"), "cannot be read"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(words, told, capsys):
    assert told in complaint(capsys, *words, "--model", ROBUST)


def test_an_inversion_starts_other_experiments_and_takes_part_in_them():
    """As an image: its result, by link."""
    spec = InvertSpec(model=ROBUST, image="sample:chelsea", towards="sample:coffee")
    named = "result:" + links.to_link(spec)
    assert made_by(named) == (spec,)
    again = InvertSpec(model=ROBUST, image=named, start=named)
    assert again.prerequisites() == (spec, spec)
    over = VisualizeSpec(model=ROBUST, unit="class:cat", start=named)
    assert over.prerequisites() == (spec,)


@pytest.mark.parametrize(
    "spec",
    [
        InvertSpec(model=ROBUST, image="sample:chelsea", steps=2),
        VisualizeSpec(model=ROBUST, unit="class:cat - class:dog", pictures=2, steps=2),
    ],
    ids=["inversion", "sum"],
)
def test_their_reports_fit_on_a_page(spec, tmp_path, capsys):
    out = tmp_path / "report.html"
    told = called(capsys, "report", links.to_link(spec), "--out", out)
    page = out.read_text()
    assert page.count("<img") >= 2
    assert told.splitlines()[0] in page.replace("&#x27;", "'")
