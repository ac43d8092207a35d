"""What the command line says of what cannot be done: one sentence, and nothing is left."""

from pathlib import Path

import pytest
from command_line import STANDARD, complaint, names, png_file


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--model nope", "no model is called 'nope'; there are tiny14-standard"),
        ("--target dragon", "knows no class 'dragon'"),
        ("--target goldfihs", "knows no class 'goldfihs'; did you mean goldfish?"),
        ("--norm l3", "norm must be one of l1, l2, linf, got 'l3'"),
        ("--norm linf --eps 2", "eps must lie in [0, 1] in linf, got 2"),
        ("--eps -1", "eps must lie in [0.0, 100.0], got -1.0"),
        ("--eps nan", "eps must be a finite number"),
        ("--eps -0.0", "eps must be a finite number"),
        ("--eps much", "eps must be a number, got 'much'"),
        ("--eps 1/0", "eps must be a number"),
        ("--steps 0", "steps must lie in [1, 1000], got 0"),
        ("--steps 2.5", "steps must be a whole number"),
        ("--seed -1", "seed must lie in [0, 2147483647]"),
        ("--random-start perhaps", "random_start must be true or false"),
        ("--gain 0", "gain must lie in [1, 1000], got 0"),
        ("--out taken", "taken cannot be a folder"),
        ("--out taken/below", "taken/below cannot be a folder"),
    ],
)
def test_an_attack_that_cannot_be_made_leaves_nothing(
    words, sentence, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    Path("taken").write_text("a file")
    form = ("attack", "sample:jeep", "--model", STANDARD, "--target", "cat", "--out", "new")
    assert sentence in complaint(capsys, *form, *words.split())
    assert names(Path()) == ["taken"]


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        ("sample:astronaut", "there is no gallery picture 'astronaut'"),
        ("sha256:00", "is not on this server"),
        ("result:nonsense", "the link must be of version v=1"),
    ],
)
def test_a_reference_to_nothing(image, sentence, capsys):
    assert sentence in complaint(capsys, "attack", image, "--model", STANDARD)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("explain sample:jeep --out map.jpg", "must end in .png"),
        ("explain sample:jeep --npz map.png", "must end in .npz"),
        ("explain sample:jeep --render oil", "render must be ink, tutorial, signed"),
        ("explain sample:jeep --scale 0", "scale must lie in [1, 32]"),
        ("explain sample:jeep --method lime", "method must be one of gradient, smoothgrad"),
        ("explain sample:jeep --explained dragon", "knows no class 'dragon'"),
        ("visualize --unit 256", "unit must lie in [0, 256) of flatten, got 256"),
        ("visualize --unit x", "unit must be class:NAME"),
        ("visualize --class dragon", "knows no class 'dragon'"),
        ("visualize --channel layer9:1", "layer must be one of"),
        ("visualize --class cat --start nowhere.png", "cannot be read"),
        ("evaluate --images nowhere", "must be a folder"),
        ("evaluate --images . ", "no folder in"),
        ("evaluate --images . --limit 0", "limit must lie in [1, "),
        ("evaluate --images . --attack magic", "attack must be one of fgsm, pgd"),
        ("evaluate --images . --norm l9", "norm must be one of"),
        ("evaluate --images . --norm linf --eps 2", "eps must lie in [0, 1] in linf"),
        ("evaluate --images . --eps x", "eps must be a number"),
        ("evaluate --images . --set pgd.stepz=3", "pgd has no parameter 'stepz'"),
        ("evaluate --images . --report report.pdf", "must end in .html"),
        ("evaluate --images torchvision:MNIST:.", "must be torchvision:NAME:FOLDER"),
        ("evaluate --images . --restarts 2 --random-start false", "need random_start"),
    ],
)
def test_other_commands_that_cannot_be_done(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert sentence in complaint(capsys, *words.split(), "--model", STANDARD)
    assert names(Path()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["tiny14-nope"], "no recipe is called 'tiny14-nope'"),
        ([STANDARD], "training needs --images"),
        ([STANDARD, "--images", "nowhere"], "images must be a folder"),
        (
            [STANDARD, "--images", ".", "--device", "abacus"],
            "device must be one that this machine has",
        ),
        ([STANDARD, "--release", "3"], "no weights of epoch 3"),
        ([STANDARD, "--release", "all"], "release must be a whole number"),
    ],
)
def test_a_training_that_cannot_start(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert sentence in complaint(capsys, "train", *words, "--out", "run")
    assert names(Path()) == []


def test_a_training_needs_enough_images(tmp_path, capsys):
    (tmp_path / "cat").mkdir()
    png_file(tmp_path / "cat" / "a.png")
    words = ("train", STANDARD, "--images", tmp_path, "--out", tmp_path / "run")
    assert "draws 20480 images" in complaint(capsys, *words)
    assert names(tmp_path) == ["cat"]
