"""The bundled models: records, weights that are checked, the network itself."""

import hashlib
import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.testing import assert_close
from toys import built, generator

from advviz.data.classes import TINY14
from advviz.errors import UnknownNameError, WeightsError
from advviz.models.loading import load_model, load_weights
from advviz.models.normalize import Normalize
from advviz.models.records import bundled, pair, record
from advviz.models.resnet import SlimResNet
from advviz.models.vocabularies import CIFAR10_CLASSES

MODELS = tuple(bundled())
DATASETS = tuple(dict.fromkeys(described.family for described in bundled().values()))
each = pytest.mark.parametrize("model", MODELS)


# --- records ------------------------------------------------------------------------


def test_each_data_set_ships_from_the_standard_model_up():
    """The first pair comes first; a rung stands where its training eps puts it."""
    assert MODELS[0] == "tiny14-standard"
    for dataset in DATASETS:
        rungs = [r for r in bundled().values() if r.family == dataset]
        assert [r.training_eps for r in rungs] == sorted(r.training_eps for r in rungs)
        assert {r.id for r in pair(dataset)} <= {r.id for r in rungs}


@pytest.mark.parametrize("dataset", DATASETS)
def test_partners_are_alike_but_for_the_attack(dataset):
    """The same classes, size, architecture and recipe; only one was attacked in training."""
    standard, robust = pair(dataset)
    assert not standard.is_robust
    assert robust.is_robust
    assert (standard.training_eps, robust.training_norm) == (0, "l2")
    assert robust.training_eps > 0
    for name in ("classes", "input_size", "architecture", "layers", "wordnet_ids", "mean", "std"):
        assert getattr(standard, name) == getattr(robust, name)
    assert differences(standard, robust) <= {
        "name", "eps", "attack_steps", "step_size", "released_epoch", "note",
    }  # fmt: skip


def test_a_rung_goes_on_from_the_pair_as_it_ships():
    """The weights that it started from are those beside it, not those of an earlier release."""
    for rung in bundled().values():
        start = rung.recipe.get("starts_from")
        if start is not None:
            assert rung.recipe["started_from_sha256"] == record(start).sha256
            assert differences(rung, record(start)) <= {
                "name", "eps", "step_size", "released_epoch", "epochs", "peak_lr", "warmup",
                "starts_from", "started_from_sha256", "note",
            }  # fmt: skip


def differences(one, other):
    """Name the settings in which two training runs differ, of those that both recorded."""
    return {k for k in one.recipe.keys() & other.recipe.keys() if one.recipe[k] != other.recipe[k]}


@each
def test_a_record_tells_the_truth_about_its_file(model):
    """The digest; at most 6 MB; fp16."""
    described = record(model)
    data = described.weights.read_bytes()
    assert hashlib.sha256(data).hexdigest() == described.sha256
    assert len(data) <= 6_000_000
    assert {value.dtype for value in load_file(described.weights).values()} == {torch.float16}


@each
def test_classes_are_found_by_name(model):
    """In the order of the logits."""
    described = record(model)
    assert [described.class_index(name) for name in described.classes] == list(
        range(len(described.classes))
    )
    with pytest.raises(UnknownNameError, match="knows no class 'chair'; it knows "):
        described.class_index("chair")


def test_the_classes_are_those_of_the_data_sets():
    """At least 14 at 64 pixels, no person, the three that must stay."""
    for described in bundled().values():
        if described.family == "tiny14":
            assert described.classes == tuple(TINY14)
            assert described.wordnet_ids == TINY14
        else:
            assert described.classes == CIFAR10_CLASSES
    assert len(TINY14) >= 14
    assert {"cat", "dog", "goldfish"} <= set(TINY14)


def test_an_unknown_model_is_named_with_the_known_ones():
    """One sentence."""
    with pytest.raises(UnknownNameError, match="no model is called 'vgg'; there are tiny14-"):
        record("vgg")


@each
def test_a_record_goes_into_json_and_cannot_be_changed(model):
    """For `advviz models --json`."""
    described = record(model)
    assert json.loads(json.dumps(described.as_dict()))["id"] == model
    with pytest.raises(AttributeError):
        described.id = "another"
    with pytest.raises(TypeError):
        bundled()["another"] = described


@each
def test_the_layers_offered_have_the_units_that_the_record_says(model):
    """Looked at in a pass."""
    described, network = record(model), load_model(model)
    found = {}
    for name in described.layers:
        network.get_submodule(name).register_forward_hook(
            lambda _m, _i, output, name=name: found.update({name: output.shape[1]})
        )
    with torch.no_grad():
        network(torch.zeros(1, 3, described.input_size, described.input_size))
    assert found == dict(described.layers)


# --- loading ----------------------------------------------------------------------------


@each
def test_a_loaded_model_is_frozen_in_evaluation_mode_and_float32(model):
    """And it holds the file's numbers, every one."""
    network = load_model(model)
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())
    stored, state = load_file(record(model).weights), network.state_dict()
    assert {k for k in state if not k.endswith("num_batches_tracked")} == stored.keys()
    for name, value in stored.items():
        assert state[name].dtype == torch.float32
        assert torch.equal(state[name], value.float())
    described = record(model)
    logits = network(torch.rand(2, 3, 64, 64, generator=generator()))
    assert logits.shape == (2, len(described.classes))
    assert logits.isfinite().all()


def test_loading_touches_no_global_random_numbers():
    """Initial weights are drawn, and overwritten."""
    before = torch.get_rng_state()
    load_model(MODELS[0])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.fixture
def shipped(tmp_path):
    """Give a record and a copy of its weights that a test may spoil."""
    described = record(MODELS[0])
    path = tmp_path / described.file
    path.write_bytes(described.weights.read_bytes())
    return described, path


def resealed(described, path):
    """Return the record with the digest of what the file holds now."""
    return replace(described, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize("place", [10, 5000, -1])
def test_one_flipped_bit_is_found(shipped, place):
    """Header or weights: the digest covers all."""
    described, path = shipped
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="is damaged: its sha256 should begin"):
        load_weights(described, path)


def test_a_truncated_file_is_found(shipped):
    """By the digest; and by the format, were the digest to agree."""
    described, path = shipped
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(WeightsError, match="is damaged"):
        load_weights(described, path)
    with pytest.raises(WeightsError, match="does not fit SlimResNet"):
        load_weights(resealed(described, path), path)


def test_a_missing_file_is_one_sentence(shipped):
    """What to do is in it."""
    described, path = shipped
    path.unlink()
    with pytest.raises(WeightsError, match=r"cannot be read .*No such file.*reinstall advviz$"):
        load_weights(described, path)


def spoiled(state):
    """Name some ways in which weights do not fit, and what the message must name."""
    return {
        "missing": ({k: v for k, v in state.items() if k != "conv.weight"}, "conv.weight"),
        "missing statistics": (
            {k: v for k, v in state.items() if k != "bn.running_var"}, "bn.running_var"
        ),
        "unknown": (state | {"extra.weight": torch.zeros(1)}, "extra.weight"),
        "shape": (state | {"fc.bias": torch.zeros(3)}, "fc.bias"),
    }  # fmt: skip


@pytest.mark.parametrize("way", ["missing", "missing statistics", "unknown", "shape"])
def test_every_key_is_accounted_for(shipped, way):
    """Strict: a missing, an unknown or a misshapen tensor is refused by name."""
    described, path = shipped
    state, named = spoiled(load_file(path))[way]
    save_file(state, path)
    with pytest.raises(WeightsError, match=named):
        load_weights(resealed(described, path), path)


@pytest.mark.parametrize("way", ["missing", "unknown", "shape"])
def test_weights_that_do_not_fit_are_one_line(shipped, way):
    """No traceback in a page, and no list of keys over many lines."""
    described, path = shipped
    save_file(spoiled(load_file(path))[way][0], path)
    with pytest.raises(WeightsError) as caught:
        load_weights(resealed(described, path), path)
    assert "\n" not in str(caught.value)


def test_an_unknown_architecture_is_refused(shipped):
    """By name."""
    described, path = shipped
    with pytest.raises(WeightsError, match="architecture 'VGG'; expected SlimResNet"):
        load_weights(replace(described, architecture="VGG"), path)


def test_a_network_of_another_number_of_classes_does_not_fit(shipped):
    """Nothing is returned half-filled."""
    described, path = shipped
    with pytest.raises(WeightsError, match="fc"):
        load_weights(replace(described, classes=described.classes[:5]), path)


# --- the network ---------------------------------------------------------------------------


def test_normalization_subtracts_divides_and_does_not_clamp():
    """Pixels outside the box have a gradient: SmoothGrad's noise reaches them."""
    normalize = Normalize([0.1, 0.2, 0.3], [0.5, 0.25, 2.0])
    images = torch.tensor([-1.0, 0.5, 2.0]).view(3, 1, 1, 1).expand(3, 3, 2, 2)
    images = images.clone().requires_grad_(True)
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.5, 0.25, 2.0])
    normalized = normalize(images)
    assert_close(normalized, (images - mean.view(3, 1, 1)) / std.view(3, 1, 1))
    (slope,) = torch.autograd.grad(normalized.sum(), images)
    assert_close(slope, (1 / std).view(1, 3, 1, 1).expand_as(slope))
    assert not normalize.state_dict(), "the record holds mean and deviation, not the file"


@pytest.mark.parametrize("size", [32, 48, 64])
def test_the_network_takes_images_of_several_sizes(size):
    """Logits [N, K]."""

    def make():
        return SlimResNet(5, widths=(4, 6, 8, 10))

    network = built(make).eval()
    images = torch.rand(2, 3, size, size, generator=generator())
    with torch.no_grad():
        logits = network(images)
    assert logits.shape == (2, 5)
    assert logits.isfinite().all()


def test_the_slim_networks_differ_in_how_a_stage_halves_the_size_alone():
    wide = {"widths": (4, 6, 8, 10)}
    average, maximum = (
        built(lambda pooling=pooling: SlimResNet(5, pooling=pooling, **wide)).eval()
        for pooling in ("average", "max")
    )
    maximum.load_state_dict(average.state_dict())
    halves = [type(network.layer2[0]) for network in (average, maximum)]
    assert halves == [torch.nn.AvgPool2d, torch.nn.MaxPool2d]
    kinds = [
        [type(layer) for layer in n.modules() if type(layer) not in halves]
        for n in (average, maximum)
    ]
    assert kinds[0] == kinds[1]


def test_a_row_of_the_network_depends_on_its_image_alone():
    """In evaluation mode: E9, in float64 to 1e-12."""
    network = load_model(MODELS[0]).double()
    images = torch.rand(3, 3, 64, 64, generator=generator(), dtype=torch.float64)
    with torch.no_grad():
        together = network(images)
        alone = torch.cat([network(image[None]) for image in images])
    assert_close(alone, together, rtol=0, atol=1e-12)
