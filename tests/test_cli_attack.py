"""`advviz attack`: its fixed form, and that its files are what it says."""

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from command_line import ROBUST, ROOT, STANDARD, called, names
from PIL import Image

from advviz.compute import Engine
from advviz.experiments import links
from advviz.models.records import bundled


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """Run the fixed form of `advviz attack` once."""
    out = tmp_path_factory.mktemp("attack") / "new" / "folder"
    words = (
        f"-m advviz attack sample:chelsea --model {STANDARD} --target goldfish --norm l2 "
        "--eps 1.25 --steps 6 --seed 0 --json --out"
    )
    done = subprocess.run(
        [sys.executable, *words.split(), str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout), out


def test_attack_prints_what_the_form_promises(attacked):
    said, _ = attacked
    for name in ("original", "adversarial", "adversarial_8bit"):
        assert said[name]["label"] in bundled()[STANDARD].classes
        assert 1 / 14 <= said[name]["confidence"] <= 1
    assert type(said["success"]) is bool
    assert said["success"] == (said["adversarial"]["label"] == "goldfish")
    assert said["steps"] == 6
    assert said["first_success"] is None or 0 <= said["first_success"] <= 6
    assert said["seconds"] > 0
    assert 0 < said["distance"]["linf"] < said["distance"]["l2"] <= 1.25


def test_attack_writes_its_four_files_and_nothing_else(attacked):
    _, out = attacked
    files = ["adversarial.png", "original.png", "perturbation.png", "result.npz"]
    assert names(out) == files
    for name in files[:3]:
        with Image.open(out / name) as image:
            assert (image.size, image.mode, image.format) == ((64, 64), "RGB", "PNG")


def test_the_arrays_are_exact(attacked):
    said, out = attacked
    with np.load(out / "result.npz") as arrays:
        original, adversarial = arrays["original"], arrays["adversarial"]
    assert original.dtype == adversarial.dtype == np.float32
    change = adversarial.astype(np.float64) - original.astype(np.float64)
    assert np.linalg.norm(change) == pytest.approx(said["distance"]["l2"], rel=1e-12)
    assert np.abs(change).max() == said["distance"]["linf"]
    saved = np.asarray(Image.open(out / "adversarial.png"))
    np.testing.assert_array_equal(saved, np.rint(adversarial.transpose(1, 2, 0) * 255.0))


def test_the_eight_bit_answer_is_that_of_the_file(attacked, capsys):
    said, out = attacked
    words = ("predict", out / "adversarial.png", "--model", STANDARD, "--json")
    answer = json.loads(called(capsys, *words))
    assert {k: answer[k] for k in ("label", "confidence")} == said["adversarial_8bit"]
    before = json.loads(
        called(capsys, "predict", out / "original.png", "--model", STANDARD, "--json")
    )
    assert before["label"] == said["original"]["label"]
    assert before["confidence"] == pytest.approx(said["original"]["confidence"], abs=1e-5)


def test_the_change_is_drawn_around_grey(attacked):
    said, out = attacked
    with np.load(out / "result.npz") as arrays:
        change = (arrays["adversarial"] - arrays["original"]).transpose(1, 2, 0)
    drawn = np.asarray(Image.open(out / "perturbation.png"), np.float64)
    wanted = np.clip(128 + 255 * said["perturbation_gain"] * change, 0, 255)
    assert np.abs(drawn - wanted).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("early_stop", ["true", "false"])
@pytest.mark.parametrize(("eps", "is_reached"), [(1.25, True), (0.0, False)])
def test_the_steps_made_are_those_that_moved_the_picture(early_stop, eps, is_reached, capsys):
    """After an early stop none does; `steps` stays what was asked for."""
    words = ("attack", "sample:chelsea", "--model", STANDARD, "--target", "goldfish", "--steps", 12)
    said = json.loads(called(capsys, *words, "--eps", eps, "--early-stop", early_stop, "--json"))
    assert said["success"] is is_reached
    assert said["steps"] == 12
    if not is_reached:
        assert said["steps_made"] == 12
        return
    engine = Engine(use_shipped=False)
    shown = engine.run(links.from_link(said["link"])).arrays["trajectory"]
    engine.close()
    assert said["steps_made"] == sum((a != b).any() for a, b in pairwise(shown))
    assert (said["steps_made"] == said["first_success"] < 12) is (early_stop == "true")


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    out = called(capsys, "attack", "sample:jeep", "--model", ROBUST, "--steps", "1", "--eps", "0")
    assert "not reached in 1 steps" in out
    assert list(tmp_path.iterdir()) == []


def test_a_result_is_explained_exactly_as_it_is(attacked, tmp_path, capsys):
    """Not as its PNG: the file's floats and the attack's link give the same bytes."""
    said, out = attacked
    maps = {}
    for name, image in (("npz", out / "result.npz"), ("link", "result:" + said["link"])):
        path = tmp_path / f"{name}.npz"
        called(
            capsys, "explain", image, "--model", STANDARD, "--method", "gradient",
            "--out", tmp_path / f"{name}.png", "--npz", path,
        )  # fmt: skip
        with np.load(path) as arrays:
            maps[name] = dict(arrays)
    with np.load(out / "result.npz") as arrays:
        assert maps["npz"]["pixels"].tobytes() == arrays["adversarial"].tobytes()
    assert maps["npz"]["gradient"].tobytes() == maps["link"]["gradient"].tobytes()
    assert (tmp_path / "npz.png").read_bytes() == (tmp_path / "link.png").read_bytes()
