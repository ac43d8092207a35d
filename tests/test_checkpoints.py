"""Checkpoints in every format that is out there, and those that are refused."""

import json
import os
import pickle
import zipfile
from dataclasses import replace

import pytest
import torch
from model_toys import MEAN, RECORD, STD, small_network, weights
from safetensors.torch import load_file, save, save_file
from torch import nn
from toys import built, generator

from advviz.errors import WeightsError
from advviz.models import containers, shelf
from advviz.models.architectures import build
from advviz.models.checkpoints import read_checkpoint
from advviz.models.containers import contents
from advviz.models.fetching import adopt
from advviz.models.loading import load_weights


@pytest.fixture(scope="module")
def network():
    """Build the small network once."""
    return small_network()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Keep fetched models in a folder of the test."""
    monkeypatch.setenv("ADVVIZ_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def read(path, network, described=RECORD):
    return read_checkpoint(path, described, network.state_dict())


def prefixed(state, prefix):
    return {prefix + name: value for name, value in state.items()}


def normalizer(prefix):
    return {
        f"{prefix}new_mean": torch.tensor(MEAN)[:, None, None],
        f"{prefix}new_std": torch.tensor(STD)[:, None, None],
    }


def of_madrylab(network, place="module.model."):
    """Write the state as the robustness library does: normalizer, and an attacker's copy."""
    inner = place.removeprefix("module.model.")
    state = network.state_dict()
    return {
        **prefixed(state, place),
        **normalizer("module.normalizer."),
        **normalizer("module.attacker.normalize."),
        **prefixed(state, f"module.attacker.model.{inner}"),
    }


def trained(network):
    """Return an optimizer with momentum, and its schedule."""
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    copy = [nn.Parameter(parameter.detach().clone()) for parameter in network.parameters()]
    for parameter in copy:
        parameter.grad = torch.ones_like(parameter)
    optimizer = torch.optim.SGD(copy, lr=0.1, momentum=0.9)
    optimizer.step()
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 30)
    network.zero_grad()
    return {
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "epoch": 90,
        "amp": None,
        "nat_prec1": torch.tensor(62.83),
    }


FORMATS = {
    "plain": lambda n: n.state_dict(),
    "without counters": weights,
    "DataParallel": lambda n: prefixed(n.state_dict(), "module."),
    "model": lambda n: {"model": of_madrylab(n), **trained(n)},
    "legacy state_dict": lambda n: {"state_dict": of_madrylab(n), "epoch": 3, "arch": "x"},
    "DummyModel": lambda n: {"model": of_madrylab(n, "module.model.model."), "epoch": 1},
    "no attacker": lambda n: {
        "model": prefixed(n.state_dict(), "module.model.") | normalizer("module.normalizer.")
    },
    "RobustBench": lambda n: {
        **prefixed(n.state_dict(), "model."),
        "normalize.mean": torch.tensor(MEAN)[None, :, None, None],
        "normalize.std": torch.tensor(STD)[None, :, None, None],
    },
    "second of two": lambda n: {
        "state_dict": prefixed(n.state_dict(), "module.1.")
        | {"module.0.mean": torch.tensor(MEAN), "module.0.std": torch.tensor(STD)}
    },
    "mu and sigma": lambda n: {
        "state_dict": {
            **n.state_dict(), "mu": torch.tensor(MEAN).view(1, 3, 1, 1),
            "sigma": torch.tensor(STD).view(1, 3, 1, 1),
        }
    },
    "half precision": lambda n: {k: v.half() for k, v in weights(n).items()},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_every_published_format_gives_the_networks_numbers(form, new, network, tmp_path):
    """Whatever else the file holds, and under whatever prefix."""
    path = tmp_path / "a.ckpt"
    torch.save(FORMATS[form](network), path, _use_new_zipfile_serialization=new)
    found, wanted = read(path, network), weights(network)
    assert found.keys() == wanted.keys()
    for name, value in found.items():
        assert value.dtype == torch.float32
        stored = wanted[name].half().float() if form == "half precision" else wanted[name]
        assert torch.equal(value, stored)


def test_safetensors_are_read_too(network, tmp_path):
    """With the prefix of DataParallel."""
    path = tmp_path / "a.safetensors"
    save_file(prefixed(weights(network), "module."), path)
    assert torch.equal(read(path, network)["fc.bias"], network.fc.bias)


def test_prefixes_are_matched_whole(tmp_path):
    """A network whose own layers are called `model` and `module` keeps these names."""

    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = nn.Module()
            self.module.model = nn.Linear(2, 2)
            self.submodule = nn.Linear(2, 2)

    expected = built(Named).state_dict()
    path = tmp_path / "a.pt"
    torch.save({"model": prefixed(expected, "module.model.")}, path)
    found = read_checkpoint(path, RECORD, expected)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


# --- what does not fit -----------------------------------------------------------------


def spoiled(network):
    """Name some ways in which a checkpoint is not the one that its record describes."""
    state = of_madrylab(network)
    conv = "module.model.conv1.0.weight"
    other = state | {"module.normalizer.new_mean": torch.full((3, 1, 1), 0.5)}
    copy = {k: v.clone() for k, v in state.items()}
    copy["module.attacker.model.fc.bias"][0] += 1
    wrong = state | {"module.model.fc.weight": torch.zeros(10, 1024)}
    wrong["module.attacker.model.fc.weight"] = wrong["module.model.fc.weight"]
    broken = {k: v.clone() for k, v in network.state_dict().items()}
    broken["fc.bias"][1] = float("nan")
    return {
        "missing": ({"model": {k: v for k, v in state.items() if k != conv}}, "lacks conv1.0.w"),
        "unknown": ({"model": state | {"module.model.extra": torch.ones(1)}}, "model.extra"),
        "unknown beside": ({"model": state, "ema": {"x": torch.ones(2)}}, "its training: ema"),
        "two networks": ({"model": state, "state_dict": state}, "one network.*model, state_dict"),
        "another normalizer": ({"model": other}, r"new_mean should be \[0.485.*got \[0.5, 0.5"),
        "another attacker": ({"model": copy}, "two networks that differ, in module.attacker.mo"),
        "attacker alone": (prefixed(state, "attacker."), "holds no weights of torchvision:shuff"),
        "shapes": ({"model": wrong}, r"fc.weight must be \[3, 1024\], got \[10, 1024\]"),
        "not finite": (broken, "fc.bias must be finite"),
        "whole numbers": ({k: v.int() for k, v in broken.items()}, "must be torch.float32"),
        "no tensors": ({"model": {"a": 1}}, "must hold tensors by name under model"),
        "a tensor": (torch.ones(3), "must hold tensors by name, got Tensor"),
        "nothing": ({}, "must hold one network.*got nothing"),
    }


@pytest.mark.parametrize(
    "way",
    [
        "missing", "unknown", "unknown beside", "two networks", "another normalizer",
        "another attacker", "attacker alone", "shapes", "not finite", "whole numbers",
        "no tensors", "a tensor", "nothing",
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_sentence(way, network, tmp_path):
    """By name; nothing is returned."""
    path = tmp_path / "a.ckpt"
    content, message = spoiled(network)[way]
    torch.save(content, path)
    with pytest.raises(WeightsError, match=message) as caught:
        read(path, network)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


# --- files that are no weights -----------------------------------------------------------


class Trap:
    """A pickle that makes a file when it is opened carelessly."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("place", ["alone", "old", "zip", "legacy", "in the optimizer"])
def test_code_in_a_pickle_is_refused_and_not_run(place, network, tmp_path):
    """The trap works when it is not guarded against."""
    marker, path = tmp_path / "marker", tmp_path / "a.pt"
    trap = Trap(marker)
    content = {"model": network.state_dict(), "optimizer" if place[0] == "i" else "x": trap}
    if place in ("alone", "old"):
        path.write_bytes(pickle.dumps(trap, protocol=2 if place == "old" else None))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=place != "legacy")
    with pytest.raises(WeightsError, match=r"holds code or objects .* and none of it was run"):
        read(path, network)
    assert not marker.exists()
    pickle.loads(pickle.dumps(trap))
    assert marker.exists(), "the trap is one"


def test_a_program_is_refused(tmp_path):
    """TorchScript is code, though its numbers could be read."""
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/constants.pkl", b"")
    with pytest.raises(WeightsError, match="TorchScript program, which is code"):
        contents(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\n<!DOCTYPE html><html><body>404</body></html>", "a web page instead of weights"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS"),
        (b"", "is empty; download it again"),
        (b"just some words that are no weights", "is no weights file; expected safetensors"),
        (b"\x80\x02" + bytes(range(100)), "is damaged or cut short"),
        (b"PK\x03\x04" + bytes(100), "is damaged or cut short"),
        ((500).to_bytes(8, "little") + b"{}" + bytes(500), "is damaged or cut short"),
    ],
)
def test_other_files_are_called_what_they_are(data, message, network, tmp_path):
    """One sentence each."""
    path = tmp_path / "a.ckpt"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=message):
        read(path, network)


def as_file(network, form, path):
    if form == "safetensors":
        save_file(weights(network), path)
    else:
        torch.save(network.state_dict(), path, _use_new_zipfile_serialization=form == "zip")
    return bytearray(path.read_bytes())


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
@pytest.mark.parametrize("share", [0.001, 0.3, 0.999])
def test_a_file_cut_short_is_refused(form, share, network, tmp_path):
    """Wherever the download stopped."""
    path = tmp_path / "a.ckpt"
    data = as_file(network, form, path)
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(WeightsError, match=r"damaged or cut short|no weights file"):
        read(path, network)


def test_a_flipped_bit_in_an_archive_is_found(network, tmp_path):
    """Archives have check sums, which torch does not look at."""
    path = tmp_path / "a.ckpt"
    data = as_file(network, "zip", path)
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="is damaged"):
        read(path, network)


def test_a_huge_file_is_not_opened(network, tmp_path):
    """Sparse: it takes no room on the disk of the test."""
    path = tmp_path / "a.ckpt"
    path.write_bytes(b"\x80\x02")
    os.truncate(path, containers.LIMIT + 2**20)
    with pytest.raises(WeightsError, match=r"at most 1024 MiB, got 1,025 MiB"):
        read(path, network)


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    """A hundred times its size."""
    monkeypatch.setattr(containers, "LIMIT", 2**20)
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data/0", bytes(2**21))
    with pytest.raises(WeightsError, match="must unpack to at most 1 MiB"):
        contents(path)


def test_a_tensor_that_claims_more_than_it_has_is_refused(network, tmp_path):
    """A single number, stretched over a terabyte."""
    path = tmp_path / "a.pt"
    state = network.state_dict()
    torch.save(state | {"fc.weight": torch.zeros(1).expand(2**38)}, path)
    with pytest.raises(WeightsError, match=r"fc.weight must be \[3, 1024\]"):
        read(path, network)


# --- kept --------------------------------------------------------------------------------


def test_an_adopted_checkpoint_is_kept_pruned_and_loads(network, tmp_path, folder):
    """The network alone, and a note of where it came from; its logits are the network's."""
    path = tmp_path / "a.ckpt"
    torch.save({"model": of_madrylab(network), **trained(network)}, path)
    kept = adopt(RECORD, path)
    assert load_file(kept).keys() == weights(network).keys()
    assert kept.stat().st_size < path.stat().st_size / 2
    note = json.loads(kept.with_suffix(".json").read_text())
    assert note["checkpoint_sha256"] == shelf.file_digest(path)
    assert shelf.digest(RECORD) == shelf.file_digest(kept)
    assert shelf.is_on_disk(RECORD)
    assert shelf.is_whole(RECORD)
    loaded = load_weights(RECORD, kept)
    images = torch.rand(2, 3, 64, 64, generator=generator())
    with torch.no_grad():
        torch.testing.assert_close(loaded(images), network.eval()(images), rtol=1e-4, atol=1e-4)
    assert not any(m.training for m in loaded.modules())
    assert sorted(p.name for p in folder.rglob("*") if p.is_file()) == ["small.json", kept.name]


def test_a_kept_file_that_changed_is_not_loaded(network, tmp_path):
    """One bit; and when its note is gone, the model is not there."""
    path = tmp_path / "a.ckpt"
    torch.save(network.state_dict(), path)
    kept = adopt(RECORD, path)
    data = bytearray(kept.read_bytes())
    data[-1] ^= 1
    kept.write_bytes(data)
    assert not shelf.is_whole(RECORD)
    with pytest.raises(WeightsError, match=r"is damaged.*run: advviz models fetch small$"):
        load_weights(RECORD, kept)
    kept.with_suffix(".json").write_text("{")
    with pytest.raises(WeightsError, match="the note beside the weights of small is damaged"):
        shelf.digest(RECORD)
    assert shelf.remove(RECORD)
    assert not shelf.is_on_disk(RECORD)
    assert not shelf.remove(RECORD)
    assert not kept.exists()


def test_what_does_not_fit_leaves_nothing_behind(network, tmp_path, folder):
    """And what was kept before stays as it was."""
    path = tmp_path / "a.ckpt"
    torch.save(spoiled(network)["missing"][0], path)
    with pytest.raises(WeightsError):
        adopt(RECORD, path)
    assert not folder.exists()
    torch.save(network.state_dict(), path)
    before = adopt(RECORD, path).read_bytes()
    torch.save(spoiled(network)["shapes"][0], path)
    with pytest.raises(WeightsError):
        adopt(RECORD, path)
    assert shelf.weights_path(RECORD).read_bytes() == before


def test_a_folder_that_cannot_be_written_is_one_sentence(network, tmp_path, folder):
    """What stands there is a file."""
    path = tmp_path / "a.ckpt"
    torch.save(network.state_dict(), path)
    folder.write_text("in the way")
    with pytest.raises(WeightsError, match=r"small could not be kept in .*give another folder"):
        adopt(RECORD, path)


def test_wide_resnet50_4_is_built_though_torchvision_has_none():
    """Four times the width inside the blocks of a ResNet-50."""
    with torch.device("meta"):
        wide = build(replace(RECORD, architecture="torchvision:wide_resnet50_4"))
    assert wide.layer1[0].conv2.weight.shape == (256, 256, 3, 3)
    assert wide.fc.weight.shape == (3, 2048)


def test_what_cannot_be_opened_is_one_sentence(tmp_path):
    """A folder, or nothing."""
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(WeightsError, match="cannot be read: "):
            contents(path)


@pytest.mark.parametrize("start", [b"\x80", b"PK", b" <"], ids=["pickle", "zip", "page"])
def test_a_safetensors_file_is_known_whatever_its_length_looks_like(tmp_path, start):
    """A file begins with the length of its header; that of a ResNet-50 is 0x7080: a pickle's."""
    path = tmp_path / "a.safetensors"
    tensors = {"weight": torch.arange(3.0)}
    bare = len(save(tensors, {"note": ""})) - 8 - 12
    wanted = next(
        length
        for length in range(bare + 8, 2**16, 8)
        if length.to_bytes(8, "little").startswith(start)
    )
    path.write_bytes(save(tensors, {"note": "x" * (wanted - bare)}))
    assert path.read_bytes().startswith(start)
    assert (contents(path)["weight"] == tensors["weight"]).all()
