"""The classes of a model as people name them, and what pictures show in its words."""

from dataclasses import replace

import pytest

from advviz.errors import UnknownNameError
from advviz.experiments.references import true_class
from advviz.models.classes import class_words, find_class, labels, people
from advviz.models.records import record

TINY14 = record("tiny14-standard")
NAMES = {
    "goldfish": "n01443537", "great white shark": "n01484850", "bull mastiff": "n02108422",
    "tabby": "n02123045", "crane": "n02012849", "crane (machine)": "n03126707",
    "groom": "n10148035", "jeep": "n03594945", "Granny Smith": "n07742313",
}  # fmt: skip
IMAGENET = replace(
    TINY14,
    id="imagenet-toy",
    classes=tuple(NAMES),
    wordnet_ids={name: (wordnet_id,) for name, wordnet_id in NAMES.items()},
)
CIFAR10 = replace(
    TINY14,
    id="cifar10-toy",
    classes=("airplane", "automobile", "bird", "cat", "deer",
             "dog", "frog", "horse", "ship", "truck"),
    wordnet_ids={},
)  # fmt: skip
NUMBERED = replace(TINY14, classes=("n01443537", "n02123045"), wordnet_ids={})


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("goldfish", "goldfish"),
        ("n01443537", "goldfish"),
        (" N01443537 ", "goldfish"),
        ("GoldFish", "goldfish"),
        ("granny smith", "Granny Smith"),
        ("great_white-shark", "great white shark"),
        ("crane", "crane"),  # an id, though another begins with it
        ("n03126707", "crane (machine)"),
    ],
)
def test_a_class_is_found_by_id_name_or_wordnet_id(words, found):
    assert find_class(IMAGENET, words) == found


def test_a_name_that_fits_two_classes_is_asked_back():
    twice = replace(IMAGENET, classes=("Maillot", "maillot"), wordnet_ids={})
    assert find_class(twice, "maillot") == "maillot"
    with pytest.raises(UnknownNameError, match="did you mean Maillot or maillot"):
        find_class(twice, "MAILLOT")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("goldfsh", "knows no class 'goldfsh'; did you mean goldfish · n01443537?"),
        ("mastiff", "did you mean bull mastiff · n02108422?"),
        ("n01443538", "it knows goldfish, great white shark"),
        ("", "knows no class ''; it knows goldfish"),
    ],
)
def test_what_is_no_class_is_answered_with_close_ones(words, sentence):
    with pytest.raises(UnknownNameError) as caught:
        find_class(IMAGENET, words)
    assert sentence in str(caught.value)


def test_a_thousand_classes_are_not_listed():
    many = tuple(f"class {number}" for number in range(1000))
    with pytest.raises(UnknownNameError, match=r"one of its 1000 .*WordNet id") as e:
        find_class(replace(TINY14, classes=many, wordnet_ids={}), "xyz")
    assert len(str(e.value)) < 200


def test_a_wordnet_id_among_several_stands_for_its_class():
    assert find_class(TINY14, "n02123045") == "cat"
    assert "n01484850" not in class_words(TINY14)


def test_labels_carry_the_wordnet_id_where_each_class_has_exactly_one():
    assert labels(IMAGENET)["goldfish"] == "goldfish · n01443537"
    assert labels(TINY14)["goldfish"] == "goldfish"
    assert labels(CIFAR10)["cat"] == "cat"


@pytest.mark.parametrize(
    ("image", "tiny14", "cifar10", "imagenet", "numbered"),
    [
        ("chelsea", "cat", "cat", "tabby", "n02123045"),
        ("jeep", "car", "automobile", "jeep", None),
        ("mastiff", "dog", "dog", "bull mastiff", None),
        ("bay", None, "horse", None, None),
        ("rocket", None, None, None, None),
    ],
)
def test_a_picture_is_named_in_the_words_of_each_model(image, tiny14, cifar10, imagenet, numbered):
    described = (TINY14, CIFAR10, IMAGENET, replace(NUMBERED, wordnet_ids={}))
    said = [true_class(f"sample:{image}", each) for each in described]
    assert said == [tiny14, cifar10, imagenet, numbered]


def test_people_are_told_from_things():
    assert people(TINY14) == people(CIFAR10) == ()
    assert people(IMAGENET) == ("groom",)
    assert people(replace(CIFAR10, classes=("cat", "my cousin"))) is None
