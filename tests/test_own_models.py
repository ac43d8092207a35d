"""The user's own models: a folder with records, an upload, a module from Python."""

import hashlib
import json
from dataclasses import replace

import pytest
import torch
from command_line import called, complaint
from fake_hub import COMMIT, served_hub
from model_toys import MEAN, RECORD, STD, small_network, weights
from safetensors.torch import load_file, save, save_file
from torch import nn
from toys import generator

import advviz
from advviz import models
from advviz.cli import app
from advviz.compute import Engine
from advviz.compute.keys import key_of
from advviz.errors import AdvvizError, InvalidInputError, UnknownNameError, WeightsError
from advviz.experiments.references import is_personal
from advviz.experiments.specs import PredictSpec
from advviz.models import records, registry, shelf, uploaded, zoo
from advviz.models.fetching import fetch
from advviz.models.loading import load_model
from advviz.models.model_record import HubCheckpoint, ModelRecord, TorchvisionWeights
from advviz.models.own import FIELDS, read_folder, read_own
from advviz.models.registry import Registry, register
from advviz.models.uploaded import Uploads

TOML = f"""
title = "Mine"
architecture = "{RECORD.architecture}"
classes = ["a", "b", "c"]
input_size = 64
mean = {list(MEAN)}
std = {list(STD)}
training_norm = "linf"
training_eps = 0.01568627450980392
licence = "CC0"
source = "my desk"
layers = {{ conv5 = 1024 }}
"""


@pytest.fixture(scope="module")
def network():
    return small_network()


@pytest.fixture(autouse=True)
def catalogue_of_the_test(tmp_path, monkeypatch):
    """Give each test a folder, a registry and uploads of its own."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("ADVVIZ_MODELS", str(folder))
    monkeypatch.setattr(registry, "_registry", Registry())
    monkeypatch.setattr(uploaded, "_uploads", Uploads())
    forget()
    yield folder
    forget()


def forget():
    records.own_models.cache_clear()
    records._merged.cache_clear()


@pytest.fixture
def folder(catalogue_of_the_test):
    return catalogue_of_the_test


def put(folder, name, network, text=TOML):
    (folder / f"{name}.toml").write_text(text)
    save_file(weights(network), folder / f"{name}.safetensors")


def gives_the_same(name, network):
    images = torch.rand(1, 3, 64, 64, generator=generator())
    with torch.no_grad():
        torch.testing.assert_close(
            load_model(name)(images), network.eval()(images), rtol=1e-4, atol=1e-4
        )


# --- a folder ------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth"])
def test_a_record_beside_its_weights_is_a_model(suffix, folder, network):
    """Under its file's name, with all that the record says; a pickle of tensors will do."""
    put(folder, "mine", network)
    if suffix != ".safetensors":
        (folder / "mine.safetensors").unlink()
        torch.save({"state_dict": network.state_dict(), "epoch": 3}, folder / f"mine{suffix}")
    described = records.record("mine")
    assert (described.title, described.family, described.licence) == ("Mine", "yours", "CC0")
    assert (described.training_norm, described.is_robust) == ("linf", True)
    assert described.layers == {"conv5": 1024}
    gives_the_same("mine", network)
    assert key_of(PredictSpec(model="mine", image="sample:jeep"))


def test_a_file_of_robustbench_is_a_model(folder, network):
    """With the normalizer that it brings, which must be the record's."""
    put(folder, "mine", network)
    (folder / "mine.safetensors").unlink()
    state = {f"model.{name}": value for name, value in network.state_dict().items()}
    numbers = {"normalize.mean": torch.tensor(MEAN), "normalize.std": torch.tensor(STD)}
    torch.save(state | numbers, folder / "mine.pt")
    gives_the_same("mine", network)
    forget()
    path = folder / "mine.toml"
    path.write_text(path.read_text().replace("0.485", "0.5"))
    with pytest.raises(WeightsError, match="normalizes otherwise than its record"):
        load_model("mine")


def test_shared_vocabularies_need_no_list(folder, network):
    """1000 classes by one word."""
    path = folder / "mine.toml"
    put(folder, "mine", network, TOML.replace('classes = ["a", "b", "c"]', 'vocabulary="imagenet"'))
    assert read_own(path).class_index("goldfish") == 1
    path.write_text(path.read_text().replace("imagenet", "cifar10"))
    assert read_own(path).classes[0] == "airplane"
    path.write_text(path.read_text().replace("cifar10", "tiny14"))
    assert read_own(path).wordnet_ids["goldfish"] == ("n01443537",)


BROKEN = {
    "an unknown field": (TOML + "colour = 1", "unknown fields: colour; there are architecture,"),
    "a field that is missing": (TOML.replace("input_size", "#"), "it lacks the field input_size"),
    "a size that is no number": (
        TOML.replace("= 64", "= '64'"),
        "must be a whole number, got '64'",
    ),
    "a size that is true": (TOML.replace("= 64", "= true"), "must be a whole number, got True"),
    "a size out of range": (TOML.replace("= 64", "= 99999"), r"must lie in \[8, 1024\]"),
    "two means": (TOML.replace(str(list(MEAN)), "[0.5, 0.5]"), "mean must be a list of three"),
    "a deviation of zero": (TOML.replace("0.229", "0.0"), "std must be > 0"),
    "a class twice": (TOML.replace('"b"', '"a"'), "classes must differ, got 'a' 2 times"),
    "one class": (TOML.replace('"a", "b", ', ""), "must name 2 to 50000 classes, got 1"),
    "no classes": (TOML.replace("classes", "#"), "either classes, a list of names, or vocabulary"),
    "a strange vocabulary": (
        "vocabulary = 'x'" + TOML,
        "one of imagenet, cifar10, tiny14, got 'x'",
    ),
    "a norm alone": (TOML.replace("training_eps", "#"), "training_eps must be finite and > 0"),
    "a radius alone": (TOML.replace("training_norm", "#"), "needs a training_norm"),
    "a strange norm": (TOML.replace('"linf"', '"l7"'), "must be one of l2, linf, l1, got 'l7'"),
    "both trainings": (TOML + "augmented = true", "augmented or adversarially trained, not both"),
    "a path": (TOML + "weights = '../x.pt'", "must name a file beside the record"),
    "no weights": (TOML + "weights = 'x.pt'", "there is no file x.pt beside it"),
    "no TOML": ("title = ", "it is no TOML file"),
    "a short digest": (TOML + "sha256 = 'ab'", "64 hexadecimal digits"),
    "layers of words": (TOML.replace("= 1024", "= 'x'"), "must be a table of channel counts"),
}


@pytest.mark.parametrize("way", BROKEN)
def test_a_broken_record_is_one_sentence_and_hides_no_other(way, folder, network):
    """It is listed with what is wrong with it."""
    text, message = BROKEN[way]
    put(folder, "broken", network, text)
    put(folder, "mine", network)
    with pytest.raises(InvalidInputError, match=message) as caught:
        read_own(folder / "broken.toml")
    assert "\n" not in str(caught.value)
    found = read_folder(folder, {})
    assert list(found.records) == ["mine"]
    assert found.unusable == {"broken.toml": f"broken.toml cannot be used: {caught.value}"}


def test_every_field_of_a_record_is_one_of_the_models():
    """But for the name of the weights file."""
    assert FIELDS.keys() - ModelRecord.__dataclass_fields__.keys() == {"weights"}


def test_ids_of_others_are_not_taken_over(folder, network):
    """Nor are file names that are no ids."""
    for name in ("tiny14-standard", "imagenet-resnet18-v1", "Bad Name"):
        put(folder, name, network)
    assert not records.own_models().records
    assert set(records.own_models().unusable) == {
        "tiny14-standard.toml", "imagenet-resnet18-v1.toml", "Bad Name.toml",
    }  # fmt: skip
    assert records.record("tiny14-standard").family == "tiny14"


def test_weights_that_changed_are_not_loaded(folder, network):
    """Results are kept by the digest of the first use."""
    put(folder, "mine", network)
    shelf.digest(records.record("mine"))
    state = weights(network)
    save_file(state | {"fc.bias": state["fc.bias"] + 1}, folder / "mine.safetensors")
    with pytest.raises(WeightsError, match=r"first use in this app.*restart the app"):
        load_model("mine")


def test_weights_that_do_not_fit_or_hold_code_are_refused_at_use(folder, network):
    """The record alone does not tell; nothing is loaded."""
    put(folder, "mine", network, TOML.replace('"c"]', '"c", "d"]'))
    with pytest.raises(WeightsError, match=r"fc.weight must be \[4, 1024\], got \[3, 1024\]"):
        load_model("mine")


# --- from Python ----------------------------------------------------------------------------


def own(**values):
    return replace(RECORD, id="py", origin=None, **values)


def test_a_registered_module_is_in_the_catalogue(network):
    """Copied when used; its digest is part of every key."""
    assert advviz.models.register is models.register is register
    entry = register(own(), network)
    assert records.catalogue()["py"] is entry
    assert json.loads(json.dumps(entry.as_dict()))["origin"] == {"kind": "registered"}
    gives_the_same("py", network)
    first = load_model("py")
    assert first is not network
    assert not any(p.requires_grad for p in first.parameters())
    assert all(p.requires_grad for p in network.parameters())
    with torch.no_grad():
        network.fc.bias += 1
    assert torch.equal(load_model("py").fc.bias, first.fc.bias), "what was registered stays"
    with torch.no_grad():
        network.fc.bias -= 1
    other = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 3))
    assert register(replace(own(), id="other"), other).sha256 != entry.sha256


class Odd(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, images):
        return self.answer(images)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x: x.flatten(1), r"must give logits \[1, 3\], got \[1, 12288\]"),
        (lambda x: [x], r"must give logits \[1, 3\], got list"),
        (lambda x: x.mean((2, 3)) / 0, "logits that are not finite"),
        (lambda x: x[:, :, 99], r"must take pixels \[1, 3, 64, 64\], and failed: index 99"),
    ],
)
def test_a_module_that_is_no_classifier_is_refused(answer, message):
    """Before it is in the catalogue."""
    with pytest.raises(InvalidInputError, match=message):
        register(own(), Odd(answer))
    assert "py" not in records.catalogue()


def test_an_id_is_registered_once(network):
    """Also not one of those that ship."""
    register(own(), network)
    for taken in ("py", "tiny14-standard", "imagenet-resnet18-v1"):
        with pytest.raises(InvalidInputError, match=f"a model called {taken} exists already"):
            register(replace(own(), id=taken), network)
    with pytest.raises(InvalidInputError, match="a model's id has up to 64 small letters"):
        register(replace(own(), id="upload:x"), network)


def test_after_the_engine_has_started_nothing_is_registered(network):
    """The catalogue stays what the first answers were given with."""
    engine = Engine(use_shipped=False)
    try:
        register(own(), network)
        engine.warm()
        with pytest.raises(AdvvizError, match="late cannot be registered: the engine has started"):
            register(replace(own(), id="late"), network)
    finally:
        engine.close()
    assert "py" in records.catalogue()
    assert "late" not in records.catalogue()


# --- uploads --------------------------------------------------------------------------------


@pytest.fixture
def like(network):
    """Register a model that uploads may be like."""
    return register(own(), network)


def other_weights(network, shift):
    return save({k: v + shift for k, v in weights(network).items()})


def test_an_upload_is_a_model_by_its_digest(network, like):
    """Nothing of it reaches a disk."""
    data = save(weights(network))
    described = uploaded.uploads().keep(data, like)
    assert described.id == f"upload:{hashlib.sha256(data).hexdigest()}"
    assert records.record(described.id) == described
    assert (described.family, described.is_robust) == ("yours", False)
    assert described.id not in records.catalogue()
    gives_the_same(described.id, network)
    spec = PredictSpec(model=described.id, image="sample:jeep")
    assert is_personal(spec)
    assert key_of(spec)


def test_an_upload_may_hold_the_counters_that_every_whole_network_has(network, like):
    """As torch's own `state_dict` does, saved without a thought."""
    whole = network.state_dict()
    assert len(whole) > len(weights(network))
    described = uploaded.uploads().keep(save(whole), like)
    gives_the_same(described.id, network)
    counter = next(name for name in whole if name not in weights(network))
    with pytest.raises(WeightsError, match=r"also has other\.num_batches_tracked"):
        Uploads().keep(save(whole | {"other.num_batches_tracked": whole[counter].clone()}), like)


def test_uploads_are_bounded_in_number_and_bytes(network):
    """The least recently used leaves, with a sentence for who comes back."""
    data = [other_weights(network, shift) for shift in (0.0, 1.0, 2.0)]
    two = Uploads(number=2)
    first, second = (two.keep(d, RECORD) for d in data[:2])
    two.record(first.id)
    two.keep(data[2], RECORD)
    assert two.record(first.id) == first
    with pytest.raises(UnknownNameError, match="is not here any more; upload it again"):
        two.record(second.id)
    small = Uploads(total=len(data[0]) + 10)
    first = small.keep(data[0], RECORD)
    small.keep(data[1], RECORD)
    with pytest.raises(UnknownNameError, match="upload it again"):
        small.data(first.id)
    with pytest.raises(WeightsError, match="an upload has at most"):
        Uploads(total=1000).keep(data[0], RECORD)


def test_the_same_bytes_are_one_model(network):
    """With one meaning."""
    kept, data = Uploads(), save(weights(network))
    assert kept.keep(data, RECORD) == kept.keep(data, RECORD)
    with pytest.raises(InvalidInputError, match="here already, as another model"):
        kept.keep(data, replace(RECORD, mean=(0.5, 0.5, 0.5)))


def bad_uploads(network):
    state = weights(network)
    good = save(state)
    lying = good.replace(b'"shape":[3]', b'"shape":[9]')
    return {
        "a pickle": (b"\x80\x02" + bytes(50), "must be a safetensors file"),
        "nothing": (b"", "must be a safetensors file"),
        "a long header": ((2**40).to_bytes(8, "little") + b"{}", "must be a safetensors file"),
        "cut short": (good[:-10], "damaged safetensors file"),
        "no JSON": ((4).to_bytes(8, "little") + b"{{{{", "damaged safetensors file"),
        "another form": ((8).to_bytes(8, "little") + b'{"a": 1}', "damaged safetensors file"),
        "a missing key": (
            save({k: v for k, v in state.items() if k != "fc.bias"}), "it lacks fc.bias",
        ),
        "an extra key": (save(state | {"zzz": torch.ones(1)}), "it also has zzz"),
        "a shape": (
            save(state | {"fc.bias": torch.ones(9)}), r"fc.bias must be \[3\], got \[9\]",
        ),
        "a kind": (save(state | {"fc.bias": torch.ones(3).int()}), "must be one of F64, F32"),
        "a lie": (lying, r"must be \[3\], got \[9\]"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "way",
    [
        "a pickle", "nothing", "a long header", "cut short", "no JSON", "another form",
        "a missing key", "an extra key", "a shape", "a kind", "a lie",
    ],
)  # fmt: skip
def test_an_upload_that_does_not_fit_is_refused_by_its_header(way, network):
    """One sentence; nothing is kept."""
    data, message = bad_uploads(network)[way]
    kept = Uploads()
    with pytest.raises(WeightsError, match=message) as caught:
        kept.keep(data, RECORD)
    assert "\n" not in str(caught.value)
    with pytest.raises(UnknownNameError):
        kept.record(f"upload:{hashlib.sha256(data).hexdigest()}")


# --- the commands ------------------------------------------------------------------------------


def test_models_lists_families_what_is_on_disk_and_what_cannot_be_used(folder, network, capsys):
    """And the records keep their form."""
    put(folder, "mine", network)
    put(folder, "broken", network, "title = ")
    printed = called(capsys, "models")
    assert "imagenet-robust:\n  imagenet-resnet18-l2-0: ResNet-18, standard, same recipe" in printed
    assert "(to be fetched, adversarial, published clean accuracy 62.8%)" in printed
    assert "yours:\n  mine: Mine (on disk, adversarial)" in printed
    assert "not usable:\n  broken.toml cannot be used: it is no TOML file" in printed
    listed = json.loads(called(capsys, "models", "--json"))
    there = {r["id"]: r["on_disk"] for r in listed}
    assert list(there) == list(records.catalogue())
    assert there["mine"]
    assert there["tiny14-standard"]
    assert not there["imagenet-resnet50-v1"]


@pytest.fixture
def published(tmp_path, monkeypatch, network):
    """Play the hub, with one checkpoint on it that the catalogue knows."""
    with served_hub(tmp_path, monkeypatch) as hub:
        checkpoint = tmp_path / "small.ckpt"
        state = {f"module.model.{k}": v for k, v in network.state_dict().items()}
        torch.save({"model": state, "epoch": 1}, checkpoint)
        sha256 = hub.publish("a/b", "small.ckpt", checkpoint.read_bytes())
        origin = HubCheckpoint(repository="a/b", revision=COMMIT, file="small.ckpt", sha256=sha256)
        described = replace(RECORD, origin=origin, sha256=sha256)
        monkeypatch.setattr(records, "zoo", lambda: {**zoo.zoo(), "small": described})
        forget()
        yield described


@pytest.mark.usefixtures("published")
def test_a_model_is_fetched_verified_used_and_removed(folder, network, capsys):
    """From a server on this machine to an answer, by commands."""
    kept = folder / "ready" / "small.safetensors"
    assert "not on this machine; run: advviz models fetch small" in complaint(
        capsys, "models", "verify", "small"
    )
    assert called(capsys, "models", "fetch", "small") == f"{kept}\n"
    assert called(capsys, "models", "verify", "small") == "small: whole\n"
    gives_the_same("small", network)
    data = bytearray(kept.read_bytes())
    data[-1] ^= 1
    kept.write_bytes(data)
    assert main_says(capsys, "models", "verify") == "small: damaged"
    called(capsys, "models", "fetch", "small")
    assert "small: whole" in called(capsys, "models", "verify")
    assert called(capsys, "models", "remove", "small") == "small: removed\n"
    assert not kept.exists()
    assert called(capsys, "models", "remove", "small") == "small: was not on this machine\n"


def main_says(capsys, *words):
    code = advviz.cli.main(list(words))
    printed = capsys.readouterr()
    assert code == 2
    assert "advviz models fetch small" in printed.err
    return printed.out.splitlines()[-1]


def test_torchvisions_file_is_checked_by_its_name_and_kept_pruned(
    tmp_path, monkeypatch, network, folder
):
    """Its digits are those of its sha256; the published file is not kept twice."""
    checkpoint = tmp_path / "small.pth"
    torch.save(network.state_dict(), checkpoint)
    data = checkpoint.read_bytes()
    name = f"small-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    with served_hub(tmp_path, monkeypatch) as web:
        web.files |= {f"/models/{name}": data, "/models/small-00000000.pth": data}
        origin = TorchvisionWeights(
            builder="small", weights="V1", url=f"{web.endpoint}/models/{name}"
        )
        kept = fetch(replace(RECORD, origin=origin, sha256=None))
        wrong = replace(origin, url=f"{web.endpoint}/models/small-00000000.pth")
        with pytest.raises(WeightsError, match="sha256 should begin 00000000, got"):
            fetch(replace(RECORD, id="wrong", origin=wrong, sha256=None))
    assert kept == folder / "ready" / "small.safetensors"
    assert load_file(kept).keys() == weights(network).keys()
    assert not list(folder.rglob("*.pth"))
    assert not (folder / "ready" / "wrong.safetensors").exists()


def test_a_download_tells_of_its_progress(published):
    """The bytes of the checkpoint, to the last."""
    seen = []
    fetch(published, lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] > 1_000_000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fetch",), "fetch needs the ID of a model"),
        (
            ("fetch", "tiny14-standard"),
            "tiny14-standard needs no download; its weights are bundled",
        ),
        (("remove", "tiny14-standard"), "was not fetched and stays"),
        (("fetch", "nothing"), "no model is called 'nothing'"),
        (("verify", "--json"), "--json belongs to list"),
        (("list", "tiny14-standard"), "list takes no ID"),
    ],
)
def test_what_cannot_be_done_with_a_model_is_one_sentence(words, message, capsys):
    assert message in complaint(capsys, "models", *words)


def test_the_app_takes_a_folder_of_models(tmp_path, monkeypatch, capsys):
    """Before anything asks for the catalogue."""
    import os

    class Launcher:
        @staticmethod
        def serve(**_options):
            assert os.environ["ADVVIZ_MODELS"] == str(tmp_path)

    monkeypatch.setattr(app, "import_module", lambda _name: Launcher)
    called(capsys, "app", "--models", tmp_path)
    assert "--models must name a folder" in complaint(capsys, "app", "--models", tmp_path / "none")
