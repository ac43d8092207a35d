"""The commands that draw and count: explain, visualize, board, noise."""

import json

import numpy as np
import pytest
from command_line import ROBUST, STANDARD, called, complaint, names, png_file
from PIL import Image

from advviz.experiments import links


@pytest.mark.parametrize("render", ["ink", "tutorial", "signed"])
def test_explain_draws_a_map(render, tmp_path, capsys):
    out = tmp_path / "map.png"
    words = ("explain", "sample:goose", "--model", ROBUST, "--render", render, "--scale", "3")
    said = json.loads(called(capsys, *words, "--explained", "cat", "--out", out, "--json"))
    assert (said["explained"], said["method"]) == ("cat", "gradient")
    with Image.open(out) as image:
        assert image.size == (192, 192)
        blocks = np.asarray(image).reshape(64, 3, 64, 3, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert blocks.std() > 1


@pytest.mark.parametrize(("method", "exact"), [("gradient", True), ("smoothgrad", False)])
def test_explain_says_who_gave_the_directions(method, exact, tmp_path, capsys):
    words = ("explain", "sample:goose", "--model", STANDARD, "--method", method, "--samples", "1")
    out = tmp_path / "map.png"
    said = json.loads(called(capsys, *words, "--numerics", "fast", "--out", out, "--json"))
    assert (said["numerics"] == "reference") is exact


@pytest.mark.parametrize("render", ["ink", "tutorial", "signed"])
def test_explain_draws_a_map_of_one_channel_by_the_methods_own_flags(render, tmp_path, capsys):
    """And its link says all of them."""
    out = tmp_path / "map.png"
    words = ("explain", "sample:goose", "--model", STANDARD, "--method", "occlusion")
    words += ("--window", "32", "--stride", "auto", "--baseline", "blurred", "--render", render)
    said = json.loads(called(capsys, *words, "--out", out, "--scale", "1", "--json"))
    spec = links.from_link(said["link"])
    assert spec.options == "baseline=blurred,stride=auto,window=32"
    with Image.open(out) as image:
        assert image.size == (64, 64)
        assert np.asarray(image).std() > 1


def test_explain_says_how_nearly_a_map_adds_up_and_what_a_method_does_not_take(tmp_path, capsys):
    out = tmp_path / "map.png"
    words = ("explain", "sample:goose", "--model", STANDARD, "--out", out, "--method")
    said = called(capsys, *words, "integrated-gradients", "--steps", "8")
    assert "It adds up to the score's change of" in said
    assert "rise takes masks, cells, kept, baseline, centred, got 'steps'" in complaint(
        capsys, *words, "rise", "--steps", "8"
    )
    assert "window must lie in [1, 64] on this model, got 65" in complaint(
        capsys, *words, "occlusion", "--window", "65"
    )


@pytest.mark.parametrize(
    "what", [("--class", "goldfish"), ("--unit", "5"), ("--channel", "layer2:1")]
)
def test_visualize_draws(what, tmp_path, capsys):
    out = tmp_path / "drawn.png"
    words = ("visualize", "--model", ROBUST, *what, "--steps", "2", "--out", out, "--scale", "1")
    assert str(out) in called(capsys, *words)
    with Image.open(out) as image:
        assert image.size == (64, 64)


def test_visualize_starts_from_a_file(tmp_path, capsys):
    start = png_file(tmp_path / "start.png", side=64)
    words = ("visualize", "--model", ROBUST, "--unit", "1", "--start", start, "--steps", "1")
    called(capsys, *words, "--step-size", "0", "--scale", "1", "--out", tmp_path / "same.png")
    np.testing.assert_array_equal(
        np.asarray(Image.open(tmp_path / "same.png")), np.asarray(Image.open(start))
    )


def test_board_draws_two_rows(tmp_path, capsys):
    words = ("board", "sample:jeep", "--target", "bus", "--steps", "2", "--samples", "2")
    said = json.loads(called(capsys, *words, "--out", tmp_path / "board.png", "--json"))
    assert [row["model"] for row in said["rows"]] == [STANDARD, ROBUST]
    with Image.open(tmp_path / "board.png") as image:
        assert image.width > 6 * 192


def test_noise_counts(capsys):
    words = ("noise", "sample:jeep", "--model", STANDARD, "--draws", "3", "--eps", "0", "--json")
    said = json.loads(called(capsys, *words))
    assert (said["changed"], said["draws"]) == (0, 3)
    assert said["answers"] == {said["original"]["label"]: 3}


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_visualize_is_watched_and_draws_the_same(kind, tmp_path, capsys):
    """The moving picture changes nothing: the same file, the same numbers."""
    out, moving = tmp_path / "drawn.png", tmp_path / f"forming.{kind}"
    words = ("visualize", "--model", ROBUST, "--class", "goldfish", "--steps", "3", "--json")
    plain = json.loads(called(capsys, *words, "--out", out, "--npz", tmp_path / "plain.npz"))
    drawn = out.read_bytes()
    words = (*words, "--out", out, "--npz", tmp_path / "watched.npz", "--animation", moving)
    watched = json.loads(called(capsys, *words))
    assert out.read_bytes() == drawn
    assert (tmp_path / "watched.npz").read_bytes() == (tmp_path / "plain.npz").read_bytes()
    assert watched["value"] == plain["value"]
    assert watched["animation"] == str(moving)
    with Image.open(moving) as image:
        assert image.n_frames == 4
        assert image.info["loop"] == 0
        image.seek(3)
        last = np.asarray(image.convert("RGB"))
    with Image.open(out) as image:  # 4 x 64 there, 5 x 64 here, under one line of words
        finished = np.asarray(image)[::4, ::4]
    apart = np.abs(last[26 : 26 + 320 : 5, 8 : 8 + 320 : 5].astype(int) - finished)
    assert apart.max() == 0 if kind == "webp" else apart.mean() < 16  # 256 colours a frame


def test_an_animation_of_another_kind_is_refused_before_anything_is_computed(tmp_path, capsys):
    words = ("visualize", "--model", ROBUST, "--unit", "1", "--animation", tmp_path / "x.mp4")
    assert "must end in .gif or .webp" in complaint(capsys, *words)
    assert not names(tmp_path)


@pytest.mark.parametrize("command", ["board", "ladder"])
def test_a_sheet_for_paper_says_its_size_and_holds_every_array(command, tmp_path, capsys):
    """As wide as a page at 300 dots an inch; its exact arrays come with links that name them."""
    out, exact = tmp_path / "sheet.png", tmp_path / "sheet.npz"
    words = (command, "sample:jeep", "--target", "bus", "--steps", "2", "--samples", "2")
    called(capsys, *words, "--out", out, "--npz", exact, "--paper", "--json")
    with Image.open(out) as image:
        assert [round(dots) for dots in image.info["dpi"]] == [300, 300]
        assert 2400 < image.width <= 3508
    with np.load(exact) as arrays:
        attacked = arrays[f"{STANDARD}.attack.adversarial"]
        assert attacked.shape == (3, 64, 64)
        link = links.from_link(str(arrays[f"{STANDARD}.attack.link"]))
        assert (link.target, link.steps) == ("bus", 2)
        of = "attacked" if f"{ROBUST}.gradient.attacked.gradient" in arrays else "original"
        assert arrays[f"{ROBUST}.smoothgrad.{of}.gradient"].shape == (3, 64, 64)
        assert f"{ROBUST}.visualize.picture" in arrays
        assert not any("trajectory" in name for name in arrays)
