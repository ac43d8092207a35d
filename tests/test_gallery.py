"""The gallery: real files, classes of the model, and no package imported for a picture."""

import re
import subprocess
import sys

import pytest
from PIL import Image

from advviz.data import decoding, gallery, images
from advviz.data.classes import TINY14
from advviz.errors import UnknownNameError

CIFAR10 = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
WORDNET_IDS = {
    22: "n01614925", 99: "n01855672", 243: "n02108422", 251: "n02110341", 305: "n02172182",
    317: "n02259212", 455: "n02877765", 471: "n02950826", 541: "n03249569", 559: "n03376595",
    609: "n03594945", 915: "n04613696", 949: "n07745940", 990: "n12768682",
}  # fmt: skip
"""ImageNet's numbers of the pictures at hand, from the list that its challenge published."""

SAMPLES = gallery.samples()
NAMES = [sample.id for sample in SAMPLES]


@pytest.mark.parametrize("sample", SAMPLES, ids=NAMES)
def test_every_sample_is_a_real_picture_of_a_known_class(sample):
    image = decoding.decode(sample.path.read_bytes())
    assert sample.shows.keys() <= {"tiny14", "cifar10", "imagenet"}
    assert sample.shows.get("tiny14", "cat") in TINY14
    assert sample.shows.get("cifar10", "cat") in CIFAR10
    assert re.fullmatch(r"n\d{8}", sample.shows.get("imagenet", "n00000000"))
    assert sample.title
    assert sample.title != sample.id
    assert sample.path.name in sample.source
    if sample.box is not None:
        left, top, right, bottom = sample.box
        assert 0 <= left < right <= image.width
        assert 0 <= top < bottom <= image.height
        assert right - left == bottom - top


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_the_side_is_that_of_the_square_in_the_file(sample):
    """At least, for photos: no network of 64 pixels is given an enlarged thumbnail."""
    with Image.open(sample.path) as image:
        left, top, right, bottom = sample.box or (0, 0, *image.size)
        inside = min(right, image.width) - left, min(bottom, image.height) - top
    assert min(inside) >= sample.side
    assert sample in gallery.samples(sample.side)
    assert sample not in gallery.samples(sample.side + 1)


def test_ids_are_distinct_lower_case_words():
    assert len(set(NAMES)) == len(NAMES)
    assert all(name.isascii() and name.isalpha() and name.islower() for name in NAMES)


@pytest.mark.parametrize(
    ("name", "true_class"),
    [("chelsea", "cat"), ("mastiff", "dog"), ("jeep", "car"), ("coffee", "coffee"),
     ("goose", "bird")],
)  # fmt: skip
def test_the_presets_find_their_pictures(name, true_class):
    assert gallery.sample(name).shows["tiny14"] == true_class


def test_where_two_vocabularies_name_a_picture_they_agree():
    """A WordNet id that a class of TINY14 is made of must be of the class that is named."""
    for sample in SAMPLES:
        wordnet_id = sample.shows.get("imagenet")
        of = [name for name, ids in TINY14.items() if wordnet_id in ids]
        assert of in ([], [sample.shows.get("tiny14")]), sample.id


@pytest.mark.parametrize("sample", SAMPLES, ids=NAMES)
def test_what_a_data_set_says_of_its_picture_is_kept(sample):
    """The class's number is in the file's name; the wader's label is wrong, and left out."""
    number = int(sample.path.stem.rpartition("_")[2]) if sample.package == "foolbox" else None
    if sample.path.name.startswith("cifar10_"):
        assert sample.shows["cifar10"] == CIFAR10[number]
    if sample.path.name.startswith("imagenet_") and sample.id != "wader":
        assert sample.shows["imagenet"] == WORDNET_IDS[number]


def test_every_class_of_cifar10_but_deer_has_a_picture():
    assert {s.shows.get("cifar10") for s in SAMPLES} - {None} == {*CIFAR10} - {"deer"}


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
