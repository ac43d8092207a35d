"""The commands that ask about one picture, and what `advviz attack` leaves beside it."""

import json

import numpy as np
import pytest
from command_line import STANDARD, called, complaint, names
from PIL import Image

from advviz import pictures
from advviz.attacks.defences import NAMES
from advviz.experiments import links
from advviz.experiments.specs import AttackSpec

ATTACK = ("attack", "sample:mastiff", "--model", STANDARD, "--target", "goldfish", "--steps", 5)


@pytest.fixture(scope="module")
def link():
    """Name an attack of a few steps, as a link."""
    spec = AttackSpec(model=STANDARD, image="sample:mastiff", target="goldfish", eps=1.5, steps=5)
    return links.to_link(spec)


def test_an_attack_in_8_bits_leaves_a_file_that_is_the_picture_and_names_its_link(tmp_path, capsys):
    words = ("--eps", 1.5, "--quantized", "--animation", "webp", "--out", tmp_path, "--json")
    said = json.loads(called(capsys, *ATTACK, *words))
    assert said["quantized"] is True
    assert said["adversarial"]["label"] == said["adversarial_8bit"]["label"]
    assert said["distance"]["l2"] <= 1.5
    assert "attack.webp" in names(tmp_path)
    file = (tmp_path / "adversarial.png").read_bytes()
    assert pictures.note_of(file) == said["link"]
    assert links.from_link(said["link"]).quantized
    with np.load(tmp_path / "result.npz") as arrays:
        exact = arrays["adversarial"] * np.float32(255)
    assert np.abs(exact - np.rint(exact)).max() < 1e-3
    with Image.open(tmp_path / "attack.webp") as moving:
        assert moving.n_frames >= 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--animation", "gif"), "--out"),
        (("--animation", "mp4", "--out", "x"), "gif, webp"),
    ],
)
def test_an_animation_that_cannot_be_written_is_refused_before_anything_is_computed(
    words, said, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert said in complaint(capsys, *ATTACK, *words)
    assert names(tmp_path) == []


def test_the_smallest_change_is_printed_with_its_bracket(capsys):
    words = ("smallest", "sample:mastiff", "--model", STANDARD, "--target", "goldfish")
    found = json.loads(called(capsys, *words, "--steps", 8, "--tolerance", 0.3, "--json"))
    assert found["adversarial"]["label"] == "goldfish"
    assert 0 <= found["held"] < found["distance"]
    assert found["distance"] - found["held"] <= 0.3 * found["distance"]
    assert min(eps for eps, reached in found["trials"] if reached) >= found["distance"]
    nothing = called(capsys, *words[:-1], "dog")
    assert "no change is needed" in nothing


def test_defences_are_tried_on_the_attacked_picture_and_on_its_original(link, capsys):
    found = json.loads(called(capsys, "defences", f"result:{link}", "--model", STANDARD, "--json"))
    assert [row["defence"] for row in found["defences"]] == list(NAMES)
    assert found["defences"][0]["original"]["label"] == "dog"
    assert all(row.keys() == {"defence", "image", "original"} for row in found["defences"])
    plain = called(capsys, "defences", "sample:mastiff", "--model", STANDARD)
    assert len(plain.splitlines()) == len(NAMES) + 1
    assert "original" not in plain


def test_a_surface_is_asked_for_around_an_attack_alone(link, tmp_path, capsys):
    file = tmp_path / "surface.npz"
    words = ("surface", f"result:{link}", "--model", STANDARD, "--points", 11, "--npz", file)
    found = json.loads(called(capsys, *words, "--json"))
    assert [label for place, label in found["line"] if place == 0] == ["dog"]
    with np.load(file) as arrays:
        assert arrays["logits"].shape == (11, 11, 14)
    refused = complaint(capsys, "surface", "sample:mastiff", "--model", STANDARD)
    assert "result:LINK" in refused
