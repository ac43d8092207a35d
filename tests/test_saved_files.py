"""Files that carry their set-up, and moving pictures of a search."""

from io import BytesIO

import numpy as np
import pytest
from fake_engine import STEPS, made_up
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from advviz import pictures
from advviz.data import exact_files, uploads
from advviz.errors import InvalidInputError
from advviz.experiments import links
from advviz.experiments.replay import FIRST, LAST, STEP, moving, replay
from advviz.experiments.specs import AttackSpec
from advviz.pictures.animations import animation
from advviz.ui import take_home

SPEC = AttackSpec(model="tiny14-standard", image="sample:chelsea", target="goldfish")
PICTURE = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)


def test_a_note_comes_back_and_leaves_the_pixels_alone():
    file = pictures.png(PICTURE, links.to_link(SPEC))
    assert links.from_link(pictures.note_of(file)) == SPEC
    assert np.array_equal(np.asarray(Image.open(BytesIO(file))), PICTURE)
    assert pictures.note_of(pictures.png(PICTURE)) is None


def by_others(**words):
    buffer, text = BytesIO(), PngInfo()
    for name, value in words.items():
        text.add_text(name, value)
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    Image.fromarray(PICTURE).save(buffer, "PNG", pnginfo=text, exif=exif)
    return buffer.getvalue()


def test_what_others_wrote_into_a_file_is_not_kept():
    """Nor a note of ours that is longer than any link."""
    file = by_others(Author="somebody", Comment="secret")
    assert pictures.note_of(file) is None
    store = uploads.UploadStore()
    kept = store._file(store.store(file))
    assert b"secret" not in kept
    assert b"somebody" not in kept
    assert pictures.note_of(by_others(advviz="x" * 9000)) is None


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_png_has_no_note(data):
    assert pictures.note_of(data) is None


def test_an_npz_that_is_taken_home_brings_its_arrays_and_its_link():
    result = made_up(SPEC)
    found = exact_files.exact_arrays(take_home.npz(SPEC, result))
    assert found.keys() == {"adversarial", "original", "link"}
    assert links.from_link(str(found["link"])) == SPEC
    assert found["adversarial"].tobytes() == result.arrays["adversarial"].tobytes()


def test_an_npz_without_a_picture_is_refused_in_words():
    buffer = BytesIO()
    np.savez(buffer, other=np.zeros(3))
    with pytest.raises(InvalidInputError, match="no array called adversarial"):
        exact_files.exact_pixels(buffer.getvalue())


def test_an_npz_with_a_pickle_is_refused():
    buffer = BytesIO()
    np.savez(buffer, adversarial=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InvalidInputError, match="damaged"):
        exact_files.exact_pixels(buffer.getvalue())


# --- moving pictures --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_the_search_as_a_moving_picture_ends_with_what_it_returned(kind):
    result = made_up(SPEC)
    with Image.open(BytesIO(moving(SPEC, result, kind))) as shown:
        assert shown.format == kind.upper()
        assert shown.info["loop"] == 0
        assert shown.n_frames == STEPS + 1
        times, last = [], None
        for place in range(shown.n_frames):
            shown.seek(place)
            last = np.asarray(shown.convert("RGB"))
            times.append(shown.info["duration"])
    if kind == "gif":
        assert times == [LAST, STEP, FIRST, STEP, LAST]
        return
    # 64 pixels, each 5 x 5, below the title and beside a gap of 8.
    drawn = last[8 + 18 + 2 : 8 + 18 + 320 : 5, 8 + 2 : 8 + 320 : 5]
    assert np.array_equal(drawn, pictures.photo(result.arrays["adversarial"]))


def test_a_long_search_shows_some_steps_and_those_that_matter():
    result = made_up(SPEC)
    long = 500
    arrays = {
        **result.arrays,
        "trajectory": np.repeat(result.arrays["trajectory"][:1], long + 1, 0),
        "curve_distance": np.zeros(long + 1),
    }
    arrays["trajectory"][321] = result.arrays["adversarial"]
    shown = replay(type(result)(arrays, {**result.facts, "first_success": 77}))
    assert {0, 77, 321, long} <= set(shown.steps)
    assert len(shown.steps) < 70
    assert shown.returned == 321


@pytest.mark.parametrize(
    ("frames", "captions", "kind"),
    [([], [], "gif"), ([PICTURE], [], "gif"), ([PICTURE], ["x"], "mp4")],
)
def test_what_cannot_be_animated_is_said(frames, captions, kind):
    with pytest.raises(InvalidInputError):
        animation(frames, captions, [100] * len(frames), kind, title="x")
