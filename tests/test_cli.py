"""The command line: its fixed forms, and what it says of what cannot be done."""

import json
import os
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from advviz import resources
from advviz.cli import app, main, outputs
from advviz.cli.entry import COMMANDS
from advviz.cli.inputs import image_reference
from advviz.compute.disk import DiskCache
from advviz.data import uploads
from advviz.errors import InvalidInputError
from advviz.experiments.result import Result
from advviz.models.records import catalogue

ROOT = Path(__file__).resolve().parent.parent
STANDARD, ROBUST = "tiny14-standard", "tiny14-robust-l2"


def called(capsys, *words):
    """Run a command that succeeds; return what it printed."""
    code = main([str(word) for word in words])
    printed = capsys.readouterr()
    assert (code, printed.err) == (0, "")
    return printed.out


def complaint(capsys, *words):
    """Run a command that cannot be done; return its one sentence."""
    code = main([str(word) for word in words])
    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert printed.err.startswith("advviz: ")
    assert printed.err.count("\n") == 1
    return printed.err.removeprefix("advviz: ").rstrip("\n")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def process(*words, **options):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


# --- which command -----------------------------------------------------------


def test_help_names_every_command_and_loads_little():
    code = (
        "import sys; from advviz.cli import main; code = main(['--help']);"
        "print(code, {'torch', 'numpy', 'PIL', 'streamlit'} & set(sys.modules))"
    )
    with process("-c", code) as done:
        out, err = done.communicate()
    assert out.splitlines()[-1] == "0 set()"
    assert err == ""
    for name in ("app", "models", "attack", "explain", "visualize", "evaluate", "train"):
        assert f"\n    {name}" in out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name, capsys):
    assert f"usage: advviz {name}" in called(capsys, name, "--help")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["atack"], "invalid choice: 'atack'"),
        (["models", "--jsn"], "unrecognized arguments: --jsn"),
        (["attack", "x.png"], "the following arguments are required: --model"),
        (["visualize", "--model", STANDARD], "one of the arguments --class --unit --channel"),
        (["visualize", "--model", STANDARD, "--class", "cat", "--unit", "1"], "not allowed with"),
    ],
)
def test_words_that_are_no_command(words, sentence, capsys):
    assert sentence in complaint(capsys, *words)


def test_the_version(capsys):
    assert called(capsys, "--version").startswith("advviz 0.")


def test_models_lists_the_records(capsys):
    records = json.loads(called(capsys, "models", "--json"))
    assert [record["id"] for record in records] == list(catalogue())
    assert records[0]["classes"] == list(catalogue()[records[0]["id"]].classes)
    assert records[0]["sha256"] in (record.sha256 for record in catalogue().values())
    assert f"{ROBUST}: " in called(capsys, "models")


# --- attack ---------------------------------------------------------------------


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
        assert said[name]["label"] in catalogue()[STANDARD].classes
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


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    out = called(capsys, "attack", "sample:jeep", "--model", ROBUST, "--steps", "1", "--eps", "0")
    assert "not reached in 1 steps" in out
    assert list(tmp_path.iterdir()) == []


# --- images -----------------------------------------------------------------------


def png_file(path, side=80):
    values = np.random.default_rng(3).integers(0, 256, (side, side, 3)).astype(np.uint8)
    Image.fromarray(values).save(path)
    return path


def npz_file(path, **arrays):
    np.savez(path, **arrays)
    return path


def bad_image(name, folder):
    square = np.zeros((3, 64, 64), np.float32)
    path = folder / f"{name}.file"
    if name == "text":
        path.write_text("hello")
    elif name == "cut":
        path.write_bytes(png_file(folder / "whole.png").read_bytes()[:500])
    elif name == "folder":
        path.mkdir()
    elif name == "cut npz":
        data = BytesIO()
        np.savez(data, adversarial=square + 0.5)
        path.write_bytes(data.getvalue()[:700])
    elif name != "none":
        arrays = {
            "pickle": {"adversarial": np.array([{}], dtype=object)},
            "other array": {"original": square},
            "double": {"adversarial": square.astype(np.float64)},
            "size": {"adversarial": square[:, :32, :32]},
            "oblong": {"adversarial": square[:, :32]},
            "range": {"adversarial": square + 1.001},
            "nan": {"adversarial": square + np.nan},
        }[name]
        path = npz_file(folder / "result.npz", **arrays)
    return path


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("none", "cannot be read"),
        ("folder", "cannot be read"),
        ("text", "must be a PNG, JPEG or WebP file"),
        ("cut", "cut short or damaged"),
        ("cut npz", "no NPZ, or it is damaged"),
        ("pickle", "no NPZ, or it is damaged"),
        ("other array", "no array called adversarial"),
        ("double", "must be float32 [3, S, S], got float64"),
        ("size", "must have the size that the model expects, 64 x 64, got 32 x 32"),
        ("oblong", "must be float32 [3, S, S], got float32 [3, 32, 64]"),
        ("range", "must lie in [0, 1], got 1.001"),
        ("nan", "must lie in [0, 1]"),
    ],
)
def test_a_file_that_is_no_image(name, sentence, tmp_path, monkeypatch, capsys):
    (tmp_path / "in").mkdir()
    path = bad_image(name, tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    assert sentence in complaint(capsys, "explain", path, "--model", STANDARD, "--out", "o/x.png")
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


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


def test_a_result_damaged_anywhere_is_said_in_one_sentence(tmp_path):
    path = tmp_path / "result.npz"
    levels = np.random.default_rng(0).integers(0, 256, (3, 64, 64))
    whole = outputs.npz({"adversarial": (levels / 255).astype(np.float32)})
    for place in range(200, len(whole) - 200, len(whole) // 40):
        path.write_bytes(whole[:place] + b"\xff" * 9 + whole[place + 9 :])
        with pytest.raises(InvalidInputError, match="no NPZ, or it is damaged"):
            image_reference(str(path))


def test_exact_pixels_are_kept_beside_pictures():
    store = uploads.UploadStore()
    pixels = np.random.default_rng(0).random((3, 8, 8), np.float32)
    ref = store.store_exact(pixels)
    assert ref.startswith("sha256:")
    assert store.fetch_exact(ref).tobytes() == pixels.tobytes()
    np.testing.assert_array_equal(
        np.asarray(store.fetch(ref)), np.rint(pixels.transpose(1, 2, 0) * 255)
    )
    picture = store.store(png_bytes(np.zeros((8, 8, 3), np.uint8)))
    assert store.fetch_exact(picture) is None


def png_bytes(values):
    buffer = BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


# --- explain and visualize ------------------------------------------------------------


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


# --- what cannot be done ------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--model nope", "no model is called 'nope'; there are tiny14-standard"),
        ("--target dragon", "knows no class 'dragon'"),
        ("--norm l3", "norm must be one of l2, linf, got 'l3'"),
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
        ("evaluate --images . --attack cw", "attack must be one of pgd"),
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


def test_a_failure_while_writing_leaves_nothing(tmp_path, monkeypatch):
    written = Path.write_bytes

    def refuses(self, data):
        if "second" in self.name:
            raise OSError(28, "No space left on device", str(self))
        return written(self, data)

    monkeypatch.setattr(Path, "write_bytes", refuses)
    folder = tmp_path / "a" / "b"
    with pytest.raises(outputs.InvalidInputError, match="No space left on device"):
        outputs.write_files({folder / "first": b"1", folder / "second": b"2"})
    assert names(tmp_path) == []


def test_a_folder_in_the_way_of_a_file_leaves_nothing(tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(outputs.InvalidInputError, match="is a folder"):
        outputs.write_files({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert names(tmp_path) == ["b"]


def test_files_that_were_there_are_replaced(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    outputs.write_files({tmp_path / "a": b"new"})
    assert (tmp_path / "a").read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


# --- release, app, signals ------------------------------------------------------------


def test_release_writes_beside_the_shipped_models(tmp_path, monkeypatch, capsys):
    run, shipped = tmp_path / "run", tmp_path / "assets"
    run.mkdir()
    (run / "epoch-02.safetensors").write_bytes(b"weights")
    (run / "recipe.json").write_text(json.dumps({"mean": [0.5] * 3, "std": [0.2] * 3}))
    monkeypatch.setattr("advviz.cli.train.assets", lambda: shipped)
    printed = called(capsys, "train", STANDARD, "--out", run, "--release", "2")
    assert Path(printed.strip()) == shipped / "models" / f"{STANDARD}.json"
    assert (shipped / "models" / f"{STANDARD}.safetensors").read_bytes() == b"weights"
    assert resources.assets() != shipped


def test_app_starts_the_launcher(monkeypatch, capsys):
    calls = []

    class Launcher:
        @staticmethod
        def serve(**options):
            calls.append(options)

    monkeypatch.setattr(app, "import_module", lambda name: calls.append(name) or Launcher)
    called(capsys, "app", "--host", "0.0.0.0", "--port", "8600", "--no-browser")
    assert calls == ["advviz.ui.launcher", {"host": "0.0.0.0", "port": 8600, "browser": False}]
    assert "port must lie in [1, 65535]" in complaint(capsys, "app", "--port", "65536")


def test_the_launcher_serves_as_it_is_called():
    import inspect

    from advviz.ui import launcher

    inspect.signature(launcher.serve).bind(host="127.0.0.1", port=8501, browser=True)


def test_interrupted_it_says_nothing_and_writes_nothing(tmp_path):
    words = f"attack sample:jeep --model {STANDARD} --steps 1000 --restarts 50 --out new --json"
    code = (
        "import sys; from advviz.cli import main; print('ready', flush=True);"
        f"sys.exit(main({words.split()}))"
    )
    started = process("-c", code, cwd=tmp_path, start_new_session=True)
    assert started.stdout.readline() == "ready\n"
    time.sleep(3)  # into the search, or into loading torch on a busy machine: both must do
    os.kill(started.pid, signal.SIGINT)
    out, err = started.communicate(timeout=60)
    assert (started.returncode, out, err) == (130, "", "")
    assert names(tmp_path) == []


def test_a_closed_pipe_is_no_error():
    code = (
        "import sys, time; from advviz.cli import main; time.sleep(0.5);"
        "sys.exit(main(['models', '--json']))"
    )
    started = process("-c", code)
    started.stdout.close()
    err = started.stderr.read()
    assert (started.wait(), err) == (141, "")
    started.stderr.close()


# --- cache ------------------------------------------------------------------------------


def test_the_cache_is_measured_verified_and_emptied(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ADVVIZ_CACHE", str(tmp_path))
    cache = DiskCache(tmp_path)
    for key in ("aa" * 20, "bb" * 20):
        cache.put(key, Result.of({"array": np.zeros(3)}, {}))
    damaged = next(tmp_path.glob("bb/*"))
    damaged.write_bytes(damaged.read_bytes()[:-1])

    def printed(action):
        assert main(["cache", action, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert printed("info")["results"] == 2
    assert printed("verify") == {"kept": 1, "damaged": 1}
    assert printed("clear") == {"removed": 1}
    assert printed("info") == {"folder": str(tmp_path), "results": 0, "bytes": 0}
