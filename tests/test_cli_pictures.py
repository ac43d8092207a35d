"""The commands that draw and count: explain, visualize, board, noise."""

import json

import numpy as np
import pytest
from command_line import ROBUST, STANDARD, called, png_file
from PIL import Image


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
