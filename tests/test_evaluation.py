"""Accuracies, samples and intervals; what one model draws and another sees."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
import toys
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from advviz.cli import main
from advviz.cli.entry import parse
from advviz.cli.options import given as given_fields
from advviz.compute import Engine
from advviz.data import gallery
from advviz.data.folders import labelled_files, read_pixels
from advviz.errors import InvalidInputError
from advviz.evaluation import EvaluationSetup, Share, wilson
from advviz.evaluation.accuracies import command_of, measured, name_of, write_into_record
from advviz.evaluation.gallery_table import drive, known_pictures, next_class, reached
from advviz.evaluation.recognition import SCORES, drawings, who_else
from advviz.evaluation.robustness import evaluate, evaluate_images
from advviz.evaluation.sampling import sampled
from advviz.evaluation.work import ROWS
from advviz.experiments.specs import AttackSpec, VisualizeSpec
from advviz.featurevis.ascent import AscentParams
from advviz.models.classifier import Classifier
from advviz.models.loading import load_model
from advviz.models.records import pair, record
from advviz.protocol import Query
from advviz.resources import assets

STANDARD, ROBUST = "tiny14-standard", "tiny14-robust-l2"
SETUP = EvaluationSetup(model=STANDARD, eps=0.5, steps=10)


# --- intervals --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (8, 10, 0.4902, 0.9433),
        (10, 10, 0.7225, 1.0),
        (500, 1000, 0.4691, 0.5309),
    ],
)
def test_wilson_is_the_textbook_interval(successes, n, low, high):
    assert wilson(successes, n) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_solves_the_score_equation(counts):
    """Its ends are where the share is 1.96 standard errors away, with the ends' own error."""
    successes, n = counts
    share = successes / n
    low, high = wilson(successes, n)
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        assert (share - end) ** 2 == pytest.approx(1.959964**2 * end * (1 - end) / n, abs=1e-7)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_symmetric(counts):
    successes, n = counts
    low, high = wilson(successes, n)
    assert wilson(n - successes, n) == (pytest.approx(1 - high), pytest.approx(1 - low))


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (2, 1), (-1, 3)])
def test_no_share_of_nothing(successes, n):
    with pytest.raises(InvalidInputError, match="successes must lie in"):
        wilson(successes, n)


# --- samples ----------------------------------------------------------------------

GROUPS = st.lists(st.sampled_from("abcde"), min_size=1, max_size=60)


@given(GROUPS, st.integers(1, 70), st.integers(0, 5))
def test_a_sample_is_equal_per_folder(groups, limit, seed):
    rows = sampled(groups, limit, seed)
    assert rows == sorted(set(rows)) == sampled(groups, limit, seed)
    assert len(rows) == min(limit, len(groups))
    counts = {name: sum(groups[row] == name for row in rows) for name in set(groups)}
    for name, count in counts.items():
        if count < groups.count(name):  # a folder that has files left is not behind
            assert count >= max(counts.values()) - 1


def test_another_seed_is_another_sample():
    groups = ["a"] * 50 + ["b"] * 50
    assert sampled(groups, 10, 0) != sampled(groups, 10, 1)
    assert sampled(groups, None, 0) == list(range(100))


# --- survival: theorems -------------------------------------------------------------


def linear_toy(count=24):
    """Return a linear classifier, images, and each one's signed distance to the boundary."""
    weight = toys.normal(toys.SIZE)
    images = toys.central(count)
    score = images.flatten(1) @ weight
    bias = -float(score.sort().values[count // 2 - 1 : count // 2 + 1].mean())  # no ties
    return toys.binary(weight, bias), images, (score + bias) / weight.norm()


def between(distances):
    """Return a budget in the middle: between two images' distances, near none."""
    ordered = distances.sort().values
    middle = len(ordered) // 2
    return float(ordered[middle - 1 : middle + 1].mean())


@pytest.mark.parametrize("random_start", [True, False])
def test_an_image_survives_iff_the_boundary_is_farther_than_eps(random_start):
    classifier, images, distance = linear_toy()
    labels = torch.ones(len(images), dtype=torch.long)  # right where the distance is positive
    labels[::5] = 0
    signed = torch.where(labels == 1, distance, -distance)
    eps = between(signed[signed > 0])
    setup = replace(SETUP, eps=eps, steps=50, random_start=random_start)
    right, survived = evaluate_images(classifier, images, labels, setup)
    assert right.equal(signed > 0)
    assert survived.equal(signed > eps)
    assert 0 < int(survived.sum()) < int(right.sum()) < len(images)


def test_without_a_budget_everything_right_survives():
    classifier, images, _ = linear_toy()
    labels = torch.ones(len(images), dtype=torch.long)
    right, survived = evaluate_images(classifier, images, labels, replace(SETUP, eps=0.0))
    assert survived.equal(right)
    assert 0 < int(right.sum()) < len(images)


def test_where_nothing_is_right_nothing_is_attacked():
    classifier, images, distance = linear_toy()
    counted = Shifted(classifier)
    right, survived = evaluate_images(counted, images, (distance < 0).long(), SETUP)
    assert not right.any()
    assert not survived.any()
    assert counted.asked == ["exact"]


def test_a_row_does_not_depend_on_its_neighbours():
    classifier = toys.convolutional()
    images = toys.pictures(9)
    labels = classifier.module(images).argmax(1)
    setup = replace(SETUP, eps=0.3, restarts=2)
    right, survived = evaluate_images(classifier, images, labels, setup)
    alone = [
        evaluate_images(classifier, images[i : i + 1], labels[i : i + 1], setup) for i in range(9)
    ]
    assert survived.tolist() == [bool(row[1]) for row in alone]
    assert right.all()
    assert 0 < int(survived.sum()) < 9


class Shifted:
    """Answer inexact queries as if every image were already fooled; count the queries."""

    def __init__(self, classifier, shift=0.0):
        self.classifier, self.shift, self.asked = classifier, shift, []

    def answer(self, query):
        self.asked.append("exact" if query.exact else "fast")
        answer = self.classifier.answer(query)
        if query.exact:
            return answer
        away = torch.tensor([self.shift, -self.shift], dtype=answer.logits.dtype)
        return replace(answer, logits=answer.logits + away)


def test_the_exact_classifier_decides_and_a_doubtful_row_is_attacked_to_the_end():
    """Where the search alone believes in success, early stopping must not end the attack."""
    classifier, images, distance = linear_toy()
    rows = (distance > 0).nonzero().flatten()
    images, distance = images[rows], distance[rows]
    eps = between(distance)
    setup = replace(SETUP, eps=eps, steps=50)
    deceived = Shifted(classifier, shift=1e3)
    _, survived = evaluate_images(deceived, images, torch.ones(len(rows), dtype=torch.long), setup)
    assert survived.equal(distance > eps)
    # Exact: clean, the stopped attack's check, the patient one's. Fast: stopped at the first
    # look, then every step.
    assert deceived.asked.count("exact") == 3
    assert deceived.asked.count("fast") == 1 + 51


# --- setups -------------------------------------------------------------------------


def test_the_attack_is_named_in_full():
    named = SETUP.attack_in_full()
    assert named["step_size"] == 2.5 * 0.5 / 10
    assert (named["random_start"], named["loss"], named["numerics"]) == (
        True,
        "cross-entropy",
        "reference",
    )
    assert "L2 eps 0.5" in SETUP.in_words()


@pytest.mark.parametrize(
    "change", [{"eps": -1.0}, {"norm": "linf", "eps": 2.0}, {"steps": 0}, {"attack": "cw"}]
)
def test_a_setup_refuses(change):
    with pytest.raises(InvalidInputError):
        replace(SETUP, **change)


@pytest.mark.parametrize(
    "told", [{"restarts": 5}, {"step_size": 0.25, "random_start": False, "seed": 3}]
)
def test_the_recorded_command_is_a_command(told):
    """It measures the same: nothing of the setup is left to a default."""
    setup = EvaluationSetup(model=ROBUST, eps=1.5, **told)
    program, *words = command_of(setup, "tiny-imagenet/val").split()
    args = parse(words)
    assert program == "advviz"
    assert EvaluationSetup(**given_fields(args, EvaluationSetup)) == setup
    assert name_of(setup) == f"l2-1.5-r{told.get('restarts', 1)}"


# --- folders ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make an ImageFolder of the gallery: by class, by WordNet id, and of no class."""
    root = tmp_path_factory.mktemp("images")
    for sample in gallery.samples():
        names = {"dog": "n02085620", "car": "car", "bird": "bird", None: "unknown"}
        true_class = sample.shows.get("tiny14")
        if true_class in names:
            place = root / names[true_class]
            place.mkdir(exist_ok=True)
            shutil.copyfile(sample.path, place / sample.path.name)
    return root


def test_evaluate_counts_what_it_saw(folder, capsys):
    words = (
        f"evaluate --model {ROBUST} --images {folder} --attack pgd --norm l2 --eps 0.5 --steps 3"
    )
    assert main([*words.split(), "--restarts", "1", "--limit", "6", "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    said = json.loads(printed.out)
    assert said["n"] == 6
    assert said["skipped"] == ["unknown"]
    assert said["attack"]["steps"] == 3
    for name in ("clean_accuracy", "robust_accuracy"):
        share = said[name]
        assert 0 <= share["low"] <= share["value"] <= share["high"] <= 1
    assert said["robust_accuracy"]["value"] <= said["clean_accuracy"]["value"]


def test_evaluate_prints_for_people(folder, capsys):
    words = f"evaluate --model {STANDARD} --images {folder} --eps 0 --steps 1"
    assert main(words.split()) == 0
    printed = capsys.readouterr().out
    count = sum(len(list((folder / name).iterdir())) for name in ("car", "bird", "n02085620"))
    assert f"on {count} images" in printed
    assert "skipped folders  unknown" in printed


def test_clean_accuracy_is_that_of_the_model(folder):
    found = evaluate(replace(SETUP, eps=0.0, steps=1), folder)
    described = record(STANDARD)
    classifier = load_model(STANDARD)
    right = 0
    for name, label in (("car", "car"), ("bird", "bird"), ("n02085620", "dog")):
        for path in (folder / name).iterdir():
            pixels = torch.from_numpy(read_pixels(path, 64)).float()[None] / 255
            right += described.classes[int(classifier(pixels).argmax())] == label
    assert found.clean == found.robust == Share(right, found.clean.n)


def test_a_damaged_image_is_said(tmp_path, capsys):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.png").write_bytes(b"no picture")
    assert main(["evaluate", "--model", STANDARD, "--images", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert "cannot be read as an image" in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_a_damaged_image_is_said_before_any_attack(tmp_path, monkeypatch):
    (tmp_path / "cat").mkdir()
    for number in range(ROWS):
        Image.new("RGB", (64, 64)).save(tmp_path / "cat" / f"{number:02d}.png")
    (tmp_path / "cat" / "last.png").write_bytes(b"no picture")
    monkeypatch.setattr("advviz.evaluation.robustness.evaluate_images", pytest.fail)
    with pytest.raises(InvalidInputError, match=r"last\.png cannot be read"):
        evaluate(EvaluationSetup(model=STANDARD), tmp_path)


def test_a_folder_s_pictures_are_decoded_as_an_upload_is(tmp_path):
    (tmp_path / "cat" / "images" / "not.png").mkdir(parents=True)
    (tmp_path / "cat" / "images" / "._a.png").write_bytes(b"what macOS leaves")
    path = tmp_path / "cat" / "images" / "a.png"
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(path)
    files = labelled_files(tmp_path, ("cat",), {})
    assert files.paths == (path,)
    assert (read_pixels(path, 64) == 255).all()  # transparent: white, not the hidden black


def test_figures_go_into_the_record(folder, tmp_path):
    setups = [replace(SETUP, eps=eps, steps=2) for eps in (0.5, 1.0)]
    figures = measured(setups, folder, "some/folder", limit=4)
    assert list(figures) == ["l2-0.5-r1", "l2-1.0-r1"]
    assert figures["l2-1.0-r1"]["attack"]["eps"] == 1.0
    wanted = {"n", "clean_accuracy", "robust_accuracy", "attack", "command"}
    assert all(wanted == set(of) for of in figures.values())
    shutil.copyfile(assets() / "models" / f"{STANDARD}.json", tmp_path / f"{STANDARD}.json")
    before = json.loads((tmp_path / f"{STANDARD}.json").read_text())
    after = json.loads(write_into_record(STANDARD, figures, tmp_path).read_text())
    assert after == {**before, "accuracies": figures}
    assert len(list(tmp_path.iterdir())) == 1


# --- the gallery, and who else sees it -------------------------------------------------


def test_the_next_class_wraps_round():
    described = record(STANDARD)
    assert next_class(described, described.classes[0]) == described.classes[1]
    assert next_class(described, described.classes[-1]) == described.classes[0]
    assert set(known_pictures(described).values()) <= set(described.classes)


def test_the_gallery_is_driven_as_by_the_command():
    outcomes = drive(STANDARD, eps=1.25, steps=2)
    share = reached(outcomes)
    assert share.n == len(known_pictures(record(STANDARD))) == len(outcomes)
    engine = Engine(use_shipped=False)
    try:
        for outcome in (outcomes[0], outcomes[-1]):
            image = f"sample:{outcome.picture}"
            spec = AttackSpec(model=STANDARD, image=image, target=outcome.target, eps=1.25, steps=2)
            alone = engine.run(spec)
            assert outcome.l2 == pytest.approx(alone.facts["l2"], abs=1e-3)
            assert outcome.success == alone.facts["success"]
    finally:
        engine.close()


def test_drawings_are_those_of_visualize():
    params = AscentParams(eps=40.0, step_size=0.5, steps=2)
    drawn = drawings(Classifier(load_model(ROBUST)), record(ROBUST), "cat", params, (0, 7))
    engine = Engine(use_shipped=False)
    try:
        for row, seed in enumerate((0, 7)):
            spec = VisualizeSpec(
                model=ROBUST, unit="class:cat", steps=2, seed=seed, numerics="reference"
            )
            alone = engine.run(spec).arrays["picture"]
            np.testing.assert_allclose(drawn[row].numpy(), alone, atol=1e-4)
    finally:
        engine.close()
    assert not drawn[0].equal(drawn[1])


def test_a_class_drawn_by_its_log_probability_is_told_from_the_others():
    """Its logit alone may rise less than another's; the two scores draw different pictures."""
    network, described = Classifier(load_model(ROBUST)), record(ROBUST)
    params = AscentParams(eps=40.0, step_size=2.0, steps=6)
    drawn = {s: drawings(network, described, "insect", params, range(2), s) for s in SCORES}
    index = described.class_index("insect")
    asked = {s: Query(pictures, gradient=False, exact=True) for s, pictures in drawn.items()}
    said = {s: network.answer(query).logits for s, query in asked.items()}
    probability = {s: logits.softmax(1)[:, index] for s, logits in said.items()}
    assert (probability["log-probability"] > probability["logit"]).all()
    assert (said["logit"][:, index] > said["log-probability"][:, index]).all()


def test_who_else_counts_every_class():
    seen = who_else(ROBUST, [STANDARD, ROBUST], AscentParams(steps=1), range(2))
    assert [(one.drawn_by, one.seen_by) for one in seen] == [(ROBUST, STANDARD), (ROBUST, ROBUST)]
    for one in seen:
        assert list(one.by_class) == list(record(ROBUST).classes)
        assert one.share.n == one.as_dict()["n"] == 2 * len(one.by_class)


def test_shipped_figures_are_of_the_shipped_weights():
    path = assets() / "figures" / "who_else.json"
    figures = json.loads(path.read_text())
    assert figures["weights"] == {of.id: of.sha256 for of in pair()}
    assert {(r["drawn_by"], r["seen_by"], r["score"]) for r in figures["results"]} == {
        (a.id, b.id, score) for a in pair() for b in pair() for score in SCORES
    }
