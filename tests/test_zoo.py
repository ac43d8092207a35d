"""The catalogue beyond the bundled models: vocabulary, published models, what is said of them."""

import json
from dataclasses import replace

import pytest

from advviz.errors import InvalidInputError, UnknownNameError, WeightsError
from advviz.experiments.specs import AttackSpec, VisualizeSpec
from advviz.experiments.units import parse_unit
from advviz.models import ladders, shelf
from advviz.models.records import bundled, catalogue, record
from advviz.models.vocabularies import imagenet
from advviz.models.zoo import augmented_imagenet, robust_imagenet, standard_imagenet, zoo

RENAMED = {264: ("Cardigan", "Cardigan Welsh corgi")}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Look for fetched models where there are none."""
    monkeypatch.setenv("ADVVIZ_MODELS", str(tmp_path))


# --- the vocabulary -----------------------------------------------------------------


def test_imagenets_classes_are_torchvisions_in_their_order():
    """But for one that differs from another in case alone."""
    from torchvision.models import ResNet18_Weights

    ours, theirs = imagenet().classes, ResNet18_Weights.IMAGENET1K_V1.meta["categories"]
    different = {i: (b, a) for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b}
    assert different == RENAMED
    assert len({name.lower() for name in ours}) == 1000


def test_wordnet_ids_are_timms():
    """In the order of the logits."""
    info = pytest.importorskip("timm.data").ImageNetInfo()
    ids = imagenet().wordnet_ids
    assert [ids[name] for name in imagenet().classes] == [
        (info.index_to_label_name(index),) for index in range(1000)
    ]


def test_a_thousand_classes_are_found_by_name():
    """And one that there is not is answered with similar ones, not with a thousand."""
    described = record("imagenet-resnet18-v1")
    assert [described.class_index(name) for name in described.classes] == list(range(1000))
    assert described.class_index("goldfish") == 1
    with pytest.raises(UnknownNameError, match=r"it knows 1000 classes, such as .*tabby") as caught:
        described.class_index("taby")
    assert len(str(caught.value)) < 250


# --- the robust ladder -----------------------------------------------------------------


def test_every_rung_of_every_ladder_is_there_under_its_published_name():
    """Three architectures, ten L2 and five L-inf radii."""
    rungs = robust_imagenet()
    files = {r.origin.file: r for r in rungs}
    assert len(files) == len(rungs) == 45
    l2 = files["wide_resnet50_2_l2_eps0.25.ckpt"]
    assert (l2.id, l2.training_norm, l2.training_eps) == (
        "imagenet-wide-resnet50-2-l2-0.25", "l2", 0.25,
    )  # fmt: skip
    linf = files["resnet50_linf_eps4.0.ckpt"]
    assert (linf.id, linf.training_norm) == ("imagenet-resnet50-linf-4", "linf")
    assert linf.training_eps == 4 / 255
    assert linf.origin.sha256.startswith("9e62216975c1")
    assert linf.published["autoattack-linf-4/255"]["value"] == 0.3496
    assert files["resnet50_l2_eps3.ckpt"].published["clean"]["value"] == 0.6283
    assert all(r.published["clean"]["source"] for r in rungs)


def test_the_standard_arm_is_trained_the_same_way_and_is_not_robust():
    """Radius 0 of the same ladder."""
    arm = record("imagenet-resnet50-l2-0")
    assert (arm.training, arm.is_robust, arm.family) == ("standard", False, "imagenet-robust")
    weaker = [r.published["clean"]["value"] for r in robust_imagenet() if "resnet18-l2" in r.id]
    assert weaker[0] > weaker[-2] > weaker[-1], "accuracy is paid for robustness"


def test_each_architecture_is_a_ladder_of_one_recipe():
    """Its standard arm is the lowest rung; torchvision's models are on none of these."""
    for builder in ("resnet18", "resnet50", "wide-resnet50-2"):
        rungs = [described.id for described in ladders.rungs(f"imagenet-{builder}-l2")]
        assert rungs[0] == f"imagenet-{builder}-l2-0"
        assert len(rungs) == 10
        linf = [described.id for described in ladders.rungs(f"imagenet-{builder}-linf")]
        assert linf[0] == rungs[0]
        assert len(linf) == 6


def test_augmented_models_are_never_called_robust():
    """They were shown adversarial images, but not those of a search."""
    for described in augmented_imagenet():
        assert (described.training, described.is_robust) == ("augmented", False)
        assert "robust" not in f"{described.title} {described.family}".lower()


# --- torchvision's cards -----------------------------------------------------------------


@pytest.mark.parametrize("described", standard_imagenet(), ids=lambda described: described.id)
def test_a_card_says_what_torchvisions_enum_says(described):
    """Address, preparation of images, accuracy."""
    from torchvision.models import get_model_weights

    origin = described.origin
    weights = get_model_weights(origin.builder)[origin.weights]
    prepared = weights.transforms()
    assert origin.url == weights.url
    assert len(origin.sha256_prefix) == 8
    assert int(origin.sha256_prefix, 16) > 0
    assert described.transform == {
        "resize": prepared.resize_size[0],
        "crop": prepared.crop_size[0],
        "interpolation": prepared.interpolation.value,
    }
    assert (list(described.mean), list(described.std)) == (prepared.mean, prepared.std)
    assert described.input_size == prepared.crop_size[0]
    accuracy = weights.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100
    assert described.published["clean"]["value"] == pytest.approx(accuracy, abs=1e-6)


def test_timms_cards_say_what_timm_says():
    """Mean and deviation are not ImageNet's."""
    models = pytest.importorskip("timm.models")
    for described in augmented_imagenet():
        name = described.origin.repository.removeprefix("timm/")
        said = models.get_pretrained_cfg(name)
        assert said.hf_hub_id == described.origin.repository
        assert (said.mean, said.std) == (described.mean, described.std)
        assert said.input_size[1] == described.input_size
        assert said.architecture == described.architecture.removeprefix("timm:")
        assert said.license == described.licence.lower()


# --- the catalogue ---------------------------------------------------------------------------


def test_the_catalogue_is_what_ships_then_the_zoo():
    """Every id once; nobody can change it."""
    names = list(catalogue())
    assert names[: len(bundled())] == list(bundled())
    assert set(zoo()) <= set(names)
    assert {r.family for r in bundled().values()} == {r.vocabulary for r in bundled().values()}
    with pytest.raises(TypeError):
        catalogue()["another"] = record(names[0])


@pytest.mark.parametrize("described", zoo().values(), ids=lambda described: described.id)
def test_a_published_record_is_complete_and_goes_into_json(described):
    """What a card needs: family, licence, citation, origin, classes."""
    values = json.loads(json.dumps(described.as_dict()))
    for name in ("title", "family", "licence", "citation", "source"):
        assert values[name], name
    assert values["origin"]["kind"] in ("hub", "torchvision")
    assert len(values["classes"]) == 1000
    assert described.vocabulary == "imagenet"


def test_a_model_that_is_not_there_is_one_sentence_with_the_command():
    """A link may name it; the job that it asks for fails with this."""
    from advviz.compute.keys import key_of
    from advviz.models.loading import load_model

    name = "imagenet-resnet50-l2-3"
    assert not shelf.is_on_disk(record(name))
    command = rf"not on this machine; run: advviz models fetch {name}$"
    with pytest.raises(WeightsError, match=command):
        load_model(name)
    with pytest.raises(WeightsError, match=command):
        key_of(AttackSpec(model=name, image="sample:jeep", target="goldfish"))


def test_units_are_of_the_layer_before_the_classes():
    """Whatever the architecture calls it."""
    assert parse_unit("unit:7", record("imagenet-resnet50-l2-3")) == ("avgpool", 7)
    assert parse_unit("unit:7", record("tiny14-standard")) == ("flatten", 7)
    assert parse_unit("class:crane bird", record("imagenet-vit-b-16-v1")) == ("logits", 134)
    with pytest.raises(InvalidInputError, match="names no layers; draw a class"):
        parse_unit("unit:7", replace(record("imagenet-resnet18-v1"), layers={}))
    assert VisualizeSpec(model="imagenet-resnet18-v1", unit="class:goldfish").unit


# --- by name ---------------------------------------------------------------------------------


@pytest.mark.parametrize("described", standard_imagenet(), ids=lambda described: described.id)
def test_a_name_gives_what_the_card_says(described):
    """The cards are a part of torchvision's models, and any of these is found by its name."""
    origin = described.origin
    found = record(f"torchvision:{origin.builder}:{origin.weights}")
    for name in ("architecture", "origin", "input_size", "mean", "std", "transform", "layers"):
        assert getattr(found, name) == getattr(described, name), name
    assert found.published == described.published
    assert record(f"torchvision:{origin.builder}").origin.builder == origin.builder


def test_timms_models_are_found_by_name_and_augmented_ones_say_so():
    """The tag tells how they were trained."""
    pytest.importorskip("timm")
    card = record("imagenet-efficientnet-b0-advprop")
    found = record("timm:tf_efficientnet_b0.ap_in1k")
    for name in ("origin", "augmented", "mean", "std", "input_size", "architecture", "family"):
        assert getattr(found, name) == getattr(card, name), name
    plain = record("timm:resnet18.a1_in1k")
    assert (plain.training, plain.is_robust) == ("standard", False)
    assert not shelf.is_on_disk(plain)
    for described in augmented_imagenet():
        assert record(described.origin.repository.replace("/", ":")).augmented


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("torchvision:nothing", "torchvision has no classifier called 'nothing'"),
        ("torchvision:fcn_resnet50", "no classifier called 'fcn_resnet50'"),
        ("torchvision:resnet18:V9", "resnet18 has weights IMAGENET1K_V1.* got 'V9'"),
        ("timm:nothing", "timm has no model called 'nothing'"),
        ("timm:resnet50.fb_swsl_ig1b_ft_in1k/../x", "timm has no model called"),
        ("timm:beit_base_patch16_224.in22k_ft_in22k", "no classifier of ImageNet's 1000"),
        ("os:system", "a model by name is torchvision:NAME or timm:NAME, got 'os:system'"),
    ],
)
def test_a_name_that_there_is_not_is_one_sentence(name, message):
    """Nothing is asked of a network."""
    if name.startswith("timm"):
        pytest.importorskip("timm")
    with pytest.raises(UnknownNameError, match=message):
        record(name)
