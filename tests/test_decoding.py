"""Files from outside: what decodes, decodes rightly; the rest is one sentence."""

import random
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from advviz.data.decoding import MAX_BYTES, decode
from advviz.errors import InvalidInputError


def encoded(image, kind="PNG", **options):
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def scene(width=24, height=16, mode="RGB"):
    """Give a picture in which no two corners are alike."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [255 * x // (width - 1), 255 * y // (height - 1), 128 + 0 * x]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8)).convert(mode)


def png_chunk(kind, content):
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def png_of_size(width, height):
    """Make a valid PNG of any size in few bytes, if its pixels are never decoded."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body + png_chunk(b"IEND", b"")


def webp_of_size(width, height):
    """Change the size in the header of a lossless WebP: 14 bits each, less one."""
    data = bytearray(encoded(scene(), "WEBP", lossless=True))
    assert data[12:16] == b"VP8L"
    bits = int.from_bytes(data[21:25], "little") >> 28 << 28
    data[21:25] = (bits | height - 1 << 14 | width - 1).to_bytes(4, "little")
    return bytes(data)


def jpeg_of_size(width, height):
    """Change the size in the frame header of a JPEG."""
    data = bytearray(encoded(scene(), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def refusal(data):
    """Give the message of the refusal, having checked that it is one sentence."""
    with pytest.raises(InvalidInputError) as caught:
        decode(data)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 200
    assert "got" in message
    assert ";" in message, "the remedy follows a semicolon"
    return message


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True})])
def test_a_lossless_file_gives_back_its_pixels(kind, options):
    image = decode(encoded(scene(), kind, **options))
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), np.asarray(scene()))


def test_a_jpeg_is_what_pillow_makes_of_it():
    data = encoded(scene(), "JPEG")
    np.testing.assert_array_equal(
        np.asarray(decode(data)), np.asarray(Image.open(BytesIO(data)).convert("RGB"))
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_all_eight_orientations_show_the_same_upright_picture(kind):
    """Stored turned, tagged with how: decoded, they agree, and agree with Pillow's own reading."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    if kind == "WEBP":
        options = {"lossless": True}
    for orientation, operation in undo.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = scene() if operation is None else scene().transpose(operation)
        data = encoded(stored, kind, exif=exif, **options)
        image = decode(data)
        assert image.size == (24, 16), orientation
        oracle = ImageOps.exif_transpose(Image.open(BytesIO(data)))
        np.testing.assert_array_equal(np.asarray(image), np.asarray(oracle))
        difference = np.asarray(image).astype(int) - np.asarray(scene()).astype(int)
        assert np.abs(difference).max() <= (8 if kind == "JPEG" else 0), orientation


def test_unreadable_exif_does_not_cost_the_picture():
    data = encoded(scene(), exif=b"Exif\0\0MM\0*\xff\xff\xff\xff nonsense")
    np.testing.assert_array_equal(np.asarray(decode(data)), np.asarray(scene()))


def test_metadata_is_dropped():
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    image = decode(encoded(scene(), exif=exif, dpi=(300, 300)))
    assert not image.info
    assert not image.getexif()
    assert b"where I live" not in encoded(image)


def test_transparency_is_shown_on_white():
    """Over white, a colour c of opacity a is a c + (1 - a) 255."""
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[..., 0], rgba[..., 3] = 200, [[0, 51], [102, 255]]
    expected = rgba[..., 3:] / 255 * rgba[..., :3] + (1 - rgba[..., 3:] / 255) * 255
    image = decode(encoded(Image.fromarray(rgba)))
    np.testing.assert_allclose(np.asarray(image), expected, atol=1)
    np.testing.assert_array_equal(np.asarray(image)[0, 0], 255)


def test_the_transparent_colour_of_a_palette_is_white():
    image = Image.new("P", (2, 1), 0)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    pixels = np.asarray(decode(encoded(image, transparency=0)))
    np.testing.assert_array_equal(pixels, [[[255, 255, 255], [40, 50, 60]]])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_every_mode_of_a_png_looks_as_it_does_in_colour(mode):
    image = scene(mode=mode)
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(np.asarray(decode(encoded(image))), expected)


def test_a_16_bit_png_keeps_its_greys():
    """Level v of 65535 is v / 257 of 255; clipping at 255 would make it all white."""
    levels = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    pixels = np.asarray(decode(encoded(Image.fromarray(levels))))
    np.testing.assert_array_equal(pixels, np.repeat((levels // 257)[..., None], 3, axis=2))


def test_a_cmyk_jpeg_has_its_colours():
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    pixels = np.asarray(decode(encoded(red, "JPEG", quality=95)))
    assert pixels[..., 0].min() > 245
    assert pixels[..., 1:].max() < 10


def test_a_phones_jpeg_with_a_second_map_gives_its_first_picture():
    """Such a file counts as two frames and is no animation."""
    data = encoded(scene(), "MPO", save_all=True, append_images=[scene(8, 8, "L")])
    assert Image.open(BytesIO(data)).n_frames == 2
    assert decode(data).size == (24, 16)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_a_file_cut_short_is_refused(kind, share):
    data = encoded(scene(200, 200), kind)
    message = refusal(data[: int(share * len(data))])
    assert f"complete {kind} file" in message
    assert "cut short" in message


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_random_damage_never_escapes_as_another_error(kind):
    chance = random.Random(0)
    whole = encoded(scene(40, 40), kind)
    refused = 0
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            assert decode(bytes(data)).mode == "RGB"
        except InvalidInputError:
            refused += 1
    assert refused > 10


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "an empty file"),
        (b"dear sir or madam\n" * 40, "something else"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "something else"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"%PDF-1.7\n", "a PDF"),
        (encoded(scene(), "GIF"), "a GIF"),
        (encoded(scene(), "BMP"), "a BMP"),
        (encoded(scene(), "TIFF"), "a TIFF"),
    ],
    ids=["empty", "text", "svg", "heic", "pdf", "gif", "bmp", "tiff"],
)
def test_another_format_is_named(data, named):
    message = refusal(data)
    assert "must be a PNG, JPEG or WebP file" in message
    assert named in message


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused(kind):
    frames = [
        scene(),
        scene().transpose(Image.Transpose.ROTATE_180),
        scene(mode="L").convert("RGB"),
    ]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert "animation of 3 frames" in refusal(data)


@pytest.mark.parametrize("make", [png_of_size, jpeg_of_size, webp_of_size])
@pytest.mark.parametrize("size", [(4001, 4000), (10_000, 9_000), (14_000, 14_000)])
def test_pixels_are_counted_before_they_are_decoded(make, size):
    """Few bytes may stand for gigabytes; 9e7 and 1.8e8 are where Pillow warns and refuses."""
    data = make(*size)
    assert len(data) < 5000
    assert "16 million pixels" in refusal(data)


def test_a_size_that_pillow_itself_refuses_is_the_same_sentence():
    assert "16 million pixels" in refusal(png_of_size(200_000, 200_000))


def test_as_many_pixels_as_allowed_are_decoded():
    assert decode(encoded(Image.new("L", (4000, 4000)))).size == (4000, 4000)


def test_bytes_are_counted_first():
    small = encoded(scene())
    assert "at most 10 MB, got 11.0 MB" in refusal(small.ljust(11 * 2**20, b"\0"))
    assert decode(small.ljust(MAX_BYTES, b"\0")).size == (24, 16)
