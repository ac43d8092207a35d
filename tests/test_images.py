"""Image references, crops and digests."""

import hashlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from advviz.data import gallery, images, uploads
from advviz.errors import InvalidInputError, UnknownNameError


def upload(pixels):
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return uploads.store(buffer.getvalue())


def noise(height, width, seed=0):
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3))
    return values.astype(np.uint8)


def test_a_picture_of_the_networks_size_arrives_unchanged():
    pixels = noise(64, 64)
    loaded = images.load(upload(pixels), 64)
    assert loaded.pixels.dtype == np.float32
    np.testing.assert_array_equal(loaded.pixels * 255, pixels.transpose(2, 0, 1))
    assert loaded.box == (0, 0, 64, 64)


def test_nothing_outside_the_box_takes_part():
    """The box shown to the reader is all that the network sees: it is cut before it is resized."""
    inside = noise(100, 100)
    seen = []
    for colour in (0, 255):
        wide = np.full((100, 180, 3), colour, np.uint8)
        wide[:, 40:140] = inside
        loaded = images.load(upload(wide), 64)
        assert loaded.box == (40, 0, 140, 100)
        assert loaded.source_size == (180, 100)
        seen.append(loaded)
    assert seen[0].digest == seen[1].digest


@pytest.mark.parametrize(
    ("size", "box"),
    [((10, 10), (0, 0, 10, 10)), ((13, 10), (1, 0, 11, 10)), ((10, 13), (0, 1, 10, 11)),
     ((1, 900), (0, 449, 1, 450))],
)  # fmt: skip
def test_the_centre_box_is_the_largest_square_and_centred(size, box):
    assert images.centre_box(size) == box


def test_a_sample_with_a_crop_is_cut_there():
    sample = gallery.sample("mastiff")
    loaded = images.load("sample:mastiff", 64)
    assert loaded.box == sample.box
    expected = images.cropped(images.source("sample:mastiff"), 64, sample.box)
    assert loaded.digest == expected.digest
    assert loaded.digest != images.cropped(images.source("sample:mastiff"), 64).digest


@pytest.mark.parametrize("size", [1, 32, 64, 224])
def test_pixels_are_a_read_only_square_in_the_unit_interval(size):
    pixels = images.load("sample:coffee", size).pixels
    assert pixels.shape == (3, size, size)
    assert pixels.min() >= 0
    assert pixels.max() <= 1
    assert pixels.flags["C_CONTIGUOUS"]
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0, 0] = 0.5


def test_a_constant_picture_stays_constant_at_any_size():
    loaded = images.load(upload(np.full((37, 91, 3), 77, np.uint8)), 64)
    np.testing.assert_array_equal(loaded.pixels, np.float32(77) / np.float32(255))


def test_the_digest_is_of_shape_and_float32_content():
    a = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    expected = hashlib.blake2b(b"(3, 2, 2)" + a.astype("<f4").tobytes(), digest_size=16)
    assert images.digest(a) == expected.hexdigest()
    assert images.digest(a) == images.digest(a[:, :, ::-1][:, :, ::-1])
    assert images.digest(a) != images.digest(a.reshape(3, 4, 1))
    assert images.digest(a) != images.digest(np.nextafter(a, np.float32(np.inf)))


@pytest.mark.parametrize("ref", ["", "chelsea", "file:/etc/passwd", "result:?v=1", "sample"])
def test_what_is_no_reference_is_refused_in_one_sentence(ref):
    with pytest.raises(InvalidInputError, match=r"must be sample:<id> or sha256:<digest>, got"):
        images.load(ref, 64)


def test_what_is_not_there_is_an_unknown_name():
    with pytest.raises(UnknownNameError, match="no gallery picture"):
        images.load("sample:astronaut", 64)
    with pytest.raises(UnknownNameError, match="upload it again"):
        images.load("sha256:" + 64 * "0", 64)


def test_a_size_below_one_is_refused():
    with pytest.raises(InvalidInputError, match="size must be >= 1 pixel, got 0"):
        images.load("sample:coffee", 0)
