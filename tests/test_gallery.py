"""The gallery: real files, classes of the model, and no package imported for a picture."""

import subprocess
import sys

import pytest

from advviz.data import decoding, gallery, images
from advviz.data.classes import TINY14
from advviz.errors import UnknownNameError

SAMPLES = gallery.samples()
NAMES = [sample.id for sample in SAMPLES]


@pytest.mark.parametrize("sample", SAMPLES, ids=NAMES)
def test_every_sample_is_a_real_picture_of_a_known_class(sample):
    image = decoding.decode(sample.path.read_bytes())
    assert sample.true_class is None or sample.true_class in TINY14
    assert sample.title
    assert sample.title != sample.id
    assert sample.path.name in sample.source
    if sample.box is not None:
        left, top, right, bottom = sample.box
        assert 0 <= left < right <= image.width
        assert 0 <= top < bottom <= image.height
        assert right - left == bottom - top


def test_ids_are_distinct_lower_case_words():
    assert len(set(NAMES)) == len(NAMES)
    assert all(name.isascii() and name.isalpha() and name.islower() for name in NAMES)


@pytest.mark.parametrize(
    ("name", "true_class"),
    [("chelsea", "cat"), ("mastiff", "dog"), ("jeep", "car"), ("coffee", "coffee"),
     ("goose", "bird")],
)  # fmt: skip
def test_the_presets_find_their_pictures(name, true_class):
    assert gallery.sample(name).true_class == true_class


def test_the_samples_differ_as_a_network_sees_them():
    digests = {images.load(f"sample:{name}", 64).digest for name in NAMES}
    assert len(digests) == len(NAMES)


def test_the_mastiff_is_shown_without_the_person_beside_it():
    """The trouser leg begins right of pixel 330; the crop must end there."""
    box = gallery.sample("mastiff").box
    assert box is not None
    assert box[2] <= 330


@pytest.mark.parametrize("name", ["astronaut", "", "Chelsea", "chelsea.png", "../chelsea"])
def test_an_unknown_name_is_answered_with_the_known_ones(name):
    with pytest.raises(UnknownNameError, match=r"no gallery picture .*chelsea.*goose"):
        gallery.sample(name)


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(gallery, "find_spec", lambda _: None)
    gallery._folder.cache_clear()
    try:
        with pytest.raises(UnknownNameError, match="pip install scikit-image"):
            _ = gallery.sample("chelsea").path
    finally:
        gallery._folder.cache_clear()


def test_neither_torch_nor_the_packages_of_the_pictures_are_imported():
    """Home paints within two seconds because of this."""
    script = (
        "import sys, advviz.data.gallery, advviz.data.images, advviz.data.uploads, "
        "advviz.data.decoding, advviz.data.classes, advviz.pictures as p\n"
        "from advviz.data import gallery, images\n"
        "[images.load('sample:' + s.id, 64) for s in gallery.samples()]\n"
        "found = {'torch', 'skimage', 'foolbox', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported {found}' if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
