"""Images that the command line is given, and files that it leaves."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from command_line import STANDARD, complaint, names, png_file
from PIL import Image

from advviz.cli import outputs
from advviz.cli.inputs import image_reference
from advviz.data import uploads
from advviz.errors import InvalidInputError

# --- images -------------------------------------------------------------------


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


# --- files --------------------------------------------------------------------


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
