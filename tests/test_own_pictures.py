"""Pictures that a visitor brings, or the owner offers: kept, named, chosen again, and linked."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.data import images, picture_folder, uploads
from advviz.models.records import record
from advviz.ui import own_pictures

TINY14 = record("tiny14-standard")


@pytest.fixture
def visit(engine):  # noqa: ARG001  # it must be in place before the first run
    """A fresh session on Compare, with its drawer open."""
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=60)
    at.switch_page(str(resources.pages() / "compare.py"))
    at.session_state["av.more"] = True
    return at.run()


def picture(seed, side=50):
    values = np.random.default_rng(seed).integers(0, 256, (side, side, 3)).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def ref_of(data):
    return uploads.UploadStore().store(data)


def bring(at, *files):
    uploader = at.file_uploader[0]
    uploader.set_value([(f"secret{i}.png", data, "image/png") for i, data in enumerate(files)])
    return at.run()


def offered(at):
    return at.selectbox(key="av.image").options


def link_of(at):
    return {k: v if isinstance(v, str) else v[0] for k, v in at.query_params.items()}


def shown(at):
    return link_of(at)["image"]


def test_several_uploads_are_kept_and_each_can_be_chosen_again(visit, engine):
    files = [picture(seed) for seed in range(3)]
    at = bring(visit, *files)
    assert not at.warning
    assert [name for name in offered(at) if name.startswith("your")] == [
        "your picture 1", "your picture 2", "your picture 3"
    ]  # fmt: skip
    assert shown(at) == ref_of(files[0])
    at.selectbox(key="av.image").set_value(ref_of(files[2])).run()
    assert engine.attacks()[-1].image == shown(at) == ref_of(files[2])
    assert not any("secret" in str(element) for element in at.main)


def test_the_uploader_is_empty_again_and_the_server_lets_the_files_go(visit, monkeypatch):
    held, remove = [], MemoryUploadedFileManager.remove_file

    def removing(manager, session, file):
        remove(manager, session, file)
        held.append(sum(map(len, manager.file_storage.values())))

    monkeypatch.setattr(MemoryUploadedFileManager, "remove_file", removing)
    at = bring(visit, picture(0), picture(1))
    assert held == [1, 0]
    assert not at.file_uploader[0].value
    at = bring(at, picture(2))
    assert shown(at) == ref_of(picture(2))
    assert len([name for name in offered(at) if name.startswith("your")]) == 3


def test_a_picture_that_came_before_keeps_its_name(visit):
    at = bring(bring(bring(visit, picture(0)), picture(1)), picture(0))
    assert [name for name in offered(at) if name.startswith("your")] == [
        "your picture 1", "your picture 2"
    ]  # fmt: skip
    assert shown(at) == ref_of(picture(0))


def test_a_session_keeps_a_bounded_number(visit):
    files = [picture(seed, 8) for seed in range(own_pictures.KEPT + 2)]
    at = bring(visit, *files)
    assert len([name for name in offered(at) if name.startswith("your")]) == own_pictures.KEPT
    assert "2 of 14 files were left out" in at.warning[0].value
    assert ref_of(files[1]) not in at.session_state["av.pictures"]
    at = bring(at, picture(99, 8))
    assert shown(at) == ref_of(picture(99, 8))
    assert len([name for name in offered(at) if name.startswith("your")]) == own_pictures.KEPT


def test_good_files_are_taken_beside_bad_ones(visit):
    at = bring(visit, b"no picture", picture(0), b"")
    assert shown(at) == ref_of(picture(0))
    assert len(at.warning) == 1
    assert "2 of 3 files cannot be used" in at.warning[0].value


def test_the_camera_is_asked_for_only_when_chosen(visit, engine):
    assert not visit.get("camera_input")
    at = visit.button_group(key="av.bring").set_value("camera").run()
    at.camera_input[0].set_value(("photo.jpg", picture(5), "image/jpeg")).run()
    assert engine.attacks()[-1].image == shown(at) == ref_of(picture(5))
    assert "your picture 1" in offered(at)
    at.camera_input[0].set_value(None).run()
    assert shown(at) == ref_of(picture(5))


def test_another_session_sees_nothing_of_it(visit):
    bring(visit, picture(0))
    other = AppTest.from_file(str(resources.entry_script()), default_timeout=60).run()
    other.switch_page(str(resources.pages() / "compare.py")).run()
    assert not any(name.startswith("your") for name in offered(other))


# --- the owner's folder ---------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "mine.png").write_bytes(picture(7))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    monkeypatch.setenv("ADVVIZ_IMAGES", str(tmp_path))
    monkeypatch.setattr(uploads, "_STORE", uploads.UploadStore())
    images.load.cache_clear()
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_the_folder_is_offered_after_the_gallery_and_linked_by_pixels(visit, engine, monkeypatch):
    assert offered(visit)[-2:] == ["folder · broken.png", "cat · mine.png"]
    at = visit.selectbox(key="av.image").set_value("file:cat/mine.png").run()
    assert engine.attacks()[-1].image == shown(at) == ref_of(picture(7))
    assert at.selectbox(key="av.image").value == "file:cat/mine.png"
    assert "<b>cat → goldfish</b>" in " ".join(e.proto.body for e in at.get("html"))
    monkeypatch.setattr(uploads, "_STORE", uploads.UploadStore())  # as after a restart
    images.load.cache_clear()
    picture_folder._folder.cache_clear()
    link = link_of(at)
    again = AppTest.from_file(str(resources.entry_script()), default_timeout=60)
    again.switch_page(str(resources.pages() / "compare.py"))
    for name, value in link.items():
        again.query_params[name] = value
    again.run()
    assert not again.warning
    assert again.selectbox(key="av.image").value == "file:cat/mine.png"


@pytest.mark.usefixtures("folder")
def test_a_broken_file_is_one_sentence_and_changes_nothing(visit):
    before = shown(visit)
    at = visit.selectbox(key="av.image").set_value("file:broken.png").run()
    assert len(at.warning) == 1
    assert shown(at) == before


# --- what is said of people -----------------------------------------------------------


def test_what_models_know_is_said_as_it_is():
    assert own_pictures.knows(TINY14) == "These models know 14 things, none of them people."
    names = {"goldfish": "n01443537", "groom": "n10148035", "scuba diver": "n10565667"}
    ids = {name: (wordnet_id,) for name, wordnet_id in names.items()}
    said = own_pictures.knows(replace(TINY14, classes=tuple(names), wordnet_ids=ids))
    assert "3 things; 2 are roles of people (groom, scuba diver)" in said
    unknown = own_pictures.knows(replace(TINY14, classes=("my cousin",), wordnet_ids={}))
    assert "none" not in unknown
