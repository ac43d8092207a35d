"""The store of uploads: by pixels, bounded, safe in threads."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from advviz.data import uploads
from advviz.data.uploads import UploadStore
from advviz.errors import InvalidInputError, UnknownNameError


def noise_file(seed, side=40, kind="PNG", **options):
    values = np.random.default_rng(seed).integers(0, 256, (side, side, 3)).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(values).save(buffer, kind, **options)
    return buffer.getvalue()


def kept(store, ref):
    try:
        store.fetch(ref)
    except UnknownNameError:
        return False
    return True


def test_what_is_stored_comes_back_pixel_for_pixel():
    data = noise_file(0)
    store = UploadStore()
    ref = store.store(data)
    assert ref.startswith("sha256:")
    assert len(ref) == len("sha256:") + 64
    expected = np.asarray(Image.open(BytesIO(data)))
    np.testing.assert_array_equal(np.asarray(store.fetch(ref)), expected)
    np.testing.assert_array_equal(np.asarray(store.fetch(ref.removeprefix("sha256:"))), expected)


def test_the_reference_names_the_pixels_not_the_file():
    exif = Image.Exif()
    exif[0x010E] = "a note"
    refs = {
        UploadStore().store(data)
        for data in (
            noise_file(1),
            noise_file(1, exif=exif, compress_level=9),
            noise_file(1, kind="WEBP", lossless=True),
        )
    }
    assert len(refs) == 1
    assert UploadStore().store(noise_file(2)) not in refs


def test_the_same_pixels_in_another_shape_are_another_picture():
    flat = []
    for size in ((4, 9), (9, 4)):
        buffer = BytesIO()
        Image.new("RGB", size, "red").save(buffer, "PNG")
        flat.append(UploadStore().store(buffer.getvalue()))
    assert flat[0] != flat[1]


def test_a_large_picture_is_kept_at_1024_pixels_on_the_long_side():
    buffer = BytesIO()
    Image.new("RGB", (3000, 1500), "teal").save(buffer, "PNG")
    store = UploadStore()
    image = store.fetch(store.store(buffer.getvalue()))
    assert image.size == (1024, 512)
    assert image.getcolors() == [(1024 * 512, (0, 128, 128))]


def test_the_least_recently_used_go_first_and_the_bound_holds():
    one = UploadStore()
    one.store(noise_file(0))
    room = UploadStore(limit_bytes=int(3.5 * one.kept_bytes))
    first, second, third = (room.store(noise_file(seed)) for seed in range(3))
    room.fetch(first)
    fourth = room.store(noise_file(3))
    assert [kept(room, ref) for ref in (first, second, third, fourth)] == [True, False, True, True]
    assert 0 < room.kept_bytes <= 3.5 * one.kept_bytes


def test_storing_twice_counts_once_and_renews():
    one = UploadStore()
    one.store(noise_file(0))
    size = one.kept_bytes
    one.store(noise_file(0))
    assert one.kept_bytes == size
    room = UploadStore(limit_bytes=int(2.5 * size))
    first, second = room.store(noise_file(0)), room.store(noise_file(1))
    room.store(noise_file(0))
    room.store(noise_file(2))
    assert [kept(room, ref) for ref in (first, second)] == [True, False]


def test_many_threads_leave_a_consistent_store():
    one = UploadStore()
    one.store(noise_file(0))
    limit = int(4.5 * one.kept_bytes)
    room = UploadStore(limit_bytes=limit)
    files = [noise_file(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        refs = list(pool.map(lambda i: room.store(files[i % 8]), range(200)))
    assert refs[:8] * 25 == refs
    survivors = [ref for ref in refs[:8] if kept(room, ref)]
    again = UploadStore()
    for ref in survivors:
        again.store(files[refs.index(ref)])
    assert 1 <= len(survivors) <= 4
    assert room.kept_bytes == again.kept_bytes <= limit


def test_a_bad_file_leaves_nothing_behind():
    store = UploadStore()
    with pytest.raises(InvalidInputError):
        store.store(noise_file(0)[:-200])
    assert store.kept_bytes == 0


@pytest.mark.parametrize("name", ["", "sha256:", "0" * 64, "../../etc/passwd", "sha256:sha256:"])
def test_what_is_gone_is_one_sentence(name):
    with pytest.raises(UnknownNameError, match="not on this server, or no longer; upload it again"):
        UploadStore().fetch(name)


def test_the_process_has_one_store():
    ref = uploads.store(noise_file(5))
    np.testing.assert_array_equal(
        np.asarray(uploads.fetch(ref)), np.asarray(Image.open(BytesIO(noise_file(5))))
    )
