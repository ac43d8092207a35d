"""The owner's folder: what is offered, that nothing outside it is, and that links last."""

import os
from dataclasses import replace

import numpy as np
import pytest
from command_line import complaint, png_file
from PIL import Image

from advviz.data import images, picture_folder, uploads
from advviz.data.picture_folder import PictureFolder
from advviz.errors import InvalidInputError, UnknownNameError
from advviz.experiments.references import is_personal, true_class
from advviz.experiments.specs import AttackSpec
from advviz.models.records import record

TINY14 = record("tiny14-standard")


def picture(path, seed, side=40):
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (side, side, 3)).astype(np.uint8)
    Image.fromarray(values).save(path)
    return path


@pytest.fixture
def no_wait(monkeypatch):
    monkeypatch.setattr(picture_folder, "RESCAN_AFTER", -1.0)


@pytest.fixture
def store(monkeypatch):
    """The process's store of uploads, empty; call it to empty it again."""

    def empty():
        monkeypatch.setattr(uploads, "_STORE", uploads.UploadStore())
        images.load.cache_clear()

    empty()
    yield empty
    images.load.cache_clear()


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An ImageFolder with flat files beside it."""
    root = tmp_path / "pictures"
    picture(root / "flat.png", 0)
    picture(root / "cat" / "a.PNG", 1)
    picture(root / "n02085620" / "images" / "b.png", 2)
    picture(root / "Goldfish" / "c.webp", 3)
    picture(root / "unicorn" / "d.png", 4)
    monkeypatch.setenv("ADVVIZ_IMAGES", str(root))
    return root


def names(folder):
    return [entry.name for entry in folder.entries()]


def test_flat_files_and_sub_folders_are_offered(root):
    (root / "notes.txt").write_text("no picture")
    (root / "empty.png").touch()
    picture(root / ".hidden.png", 5)
    picture(root / ".hidden" / "e.png", 6)
    found = names(PictureFolder(root))
    assert sorted(found) == sorted(
        ["flat.png", "cat/a.PNG", "n02085620/images/b.png", "Goldfish/c.webp", "unicorn/d.png"]
    )


@pytest.mark.parametrize("kind", ["file", "folder", "loop", "pipe"])
def test_nothing_but_files_of_the_folder_itself_is_offered(root, tmp_path, kind):
    before = names(PictureFolder(root))
    outside = picture(tmp_path / "outside" / "secret.png", 7)
    odd = root / "odd.png"
    if kind == "file":
        odd.symlink_to(outside)
    elif kind == "folder":
        (root / "odd").symlink_to(outside.parent)
    elif kind == "loop":
        (root / "odd").symlink_to(root)
    else:
        os.mkfifo(odd)
    assert names(PictureFolder(root)) == before


@pytest.mark.parametrize("name", ["../outside/secret.png", "cat/../flat.png", "/etc/passwd", ""])
def test_a_name_that_is_not_offered_is_refused(root, tmp_path, name):
    picture(tmp_path / "outside" / "secret.png", 7)
    with pytest.raises(UnknownNameError, match="the folder of pictures has no"):
        PictureFolder(root).choose(name)


@pytest.mark.usefixtures("store")
def test_a_file_that_became_a_link_is_not_followed(root, tmp_path):
    folder = PictureFolder(root)
    assert "flat.png" in names(folder)
    outside = picture(tmp_path / "outside" / "secret.png", 7)
    (root / "flat.png").unlink()
    (root / "flat.png").symlink_to(outside)
    with pytest.raises(InvalidInputError, match="it is a link"):
        folder.choose("flat.png")


def test_what_is_no_picture_is_one_sentence(root):
    (root / "bad.png").write_bytes(b"hello")
    with pytest.raises(InvalidInputError, match=r"'bad.png' cannot be used: .*PNG, JPEG or WebP"):
        PictureFolder(root).choose("bad.png")


@pytest.mark.usefixtures("no_wait")
def test_the_number_is_bounded_and_every_folder_has_its_share(root):
    for number in range(20):
        picture(root / "cat" / f"{number:02}.png", 10 + number)
    folder = PictureFolder(root, limit=7)
    assert len(names(folder)) == 7
    assert folder.is_partial
    assert {entry.groups[:1] for entry in folder.entries()} == {
        (), ("cat",), ("Goldfish",), ("n02085620",), ("unicorn",)
    }  # fmt: skip
    assert not PictureFolder(root, limit=30).is_partial


@pytest.mark.usefixtures("store")
def test_a_picture_is_named_as_if_it_were_uploaded(root):
    ref = PictureFolder(root).choose("flat.png")
    assert ref == uploads.UploadStore().store((root / "flat.png").read_bytes())
    assert is_personal(AttackSpec(model=TINY14.id, image=ref))


def test_a_link_finds_its_picture_again_after_a_restart(root, store):
    ref = PictureFolder(root).choose("cat/a.PNG")
    expected = images.load(ref, 32).digest
    store()
    picture_folder._folder.cache_clear()
    assert images.load(ref, 32).digest == expected
    store()
    np.testing.assert_array_equal(
        np.asarray(images.source(ref)), np.asarray(Image.open(root / "cat" / "a.PNG"))
    )
    with pytest.raises(UnknownNameError, match="upload it again"):
        images.load("sha256:" + "0" * 64, 32)


@pytest.mark.usefixtures("no_wait", "store")
def test_a_search_decodes_each_file_once_until_it_changes(root, monkeypatch):
    decoded = []
    reading = PictureFolder._read
    monkeypatch.setattr(
        PictureFolder, "_read", lambda self, e: decoded.append(e.name) or reading(self, e)
    )
    folder = PictureFolder(root)
    assert folder.find("sha256:0") is None
    assert sorted(decoded) == sorted(names(folder))
    folder.find("sha256:1")
    assert len(decoded) == 5
    old = uploads.reference((root / "flat.png").read_bytes())
    picture(root / "flat.png", 9, side=44)
    assert folder.find(old) is None
    assert decoded[5:] == ["flat.png"]
    assert folder.find(uploads.reference((root / "flat.png").read_bytes())).name == "flat.png"


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("flat.png", None),
        ("cat/a.PNG", "cat"),
        ("n02085620/images/b.png", "dog"),
        ("Goldfish/c.webp", "goldfish"),
        ("unicorn/d.png", None),
    ],
)
@pytest.mark.usefixtures("root", "store")
def test_the_sub_folder_says_what_a_picture_shows(name, known):
    folder = picture_folder.offered()
    assert true_class(folder.choose(name), TINY14) == known
    numbered = replace(TINY14, classes=("n02085620",), wordnet_ids={})
    assert true_class(folder.choose(name), numbered) == ("n02085620" if known == "dog" else None)


@pytest.mark.usefixtures("store")
def test_without_a_folder_an_upload_has_no_class(monkeypatch, tmp_path):
    monkeypatch.delenv("ADVVIZ_IMAGES", raising=False)
    ref = uploads.store(png_file(tmp_path / "mine.png").read_bytes())
    assert true_class(ref, TINY14) is None


def test_the_command_refuses_what_is_no_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ADVVIZ_IMAGES", "")
    assert "images must be a folder that is there" in complaint(
        capsys, "app", "--images", tmp_path / "nowhere", "--no-browser"
    )
    monkeypatch.setenv("ADVVIZ_IMAGES", str(png_file(tmp_path / "mine.png")))
    assert "mine.png" in complaint(capsys, "app", "--no-browser")
