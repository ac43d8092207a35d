"""Weights from a file into a network: digest checked, every key accounted for."""

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from advviz.errors import WeightsError
from advviz.models.records import ModelRecord, record
from advviz.models.resnet import SlimResNet


def load_model(model: str) -> nn.Module:
    """Load a bundled model in float32, in evaluation mode, its parameters frozen.

    Raises:
        UnknownNameError: no such model.
        WeightsError: the file is missing, damaged or does not fit; nothing is returned.
    """
    return load_weights(record(model), record(model).weights)


def load_weights(described: ModelRecord, path: Path) -> nn.Module:
    """Load the weights that a record describes from a safetensors file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"the weights of {described.id} cannot be read from {path.name}: {error.strerror}; "
            "reinstall advviz"
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != described.sha256:
        raise WeightsError(
            f"{path.name} is damaged: its sha256 should begin {described.sha256[:12]}, "
            f"got {digest[:12]}; reinstall advviz"
        )
    network = _architecture(described)
    try:
        state = {name: value.float() for name, value in load(data).items()}
        counters = {
            name: value
            for name, value in network.state_dict().items()
            if name.endswith("num_batches_tracked")  # unused outside of training
        }
        network.load_state_dict(state | counters, strict=True)
    except (SafetensorError, RuntimeError) as error:
        raise WeightsError(
            f"{path.name} does not fit {described.architecture}: {' '.join(str(error).split())}; "
            "reinstall advviz"
        ) from error
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def _architecture(described: ModelRecord) -> nn.Module:
    if described.architecture != "SlimResNet":
        raise WeightsError(
            f"{described.id} names the architecture {described.architecture!r}; expected SlimResNet"
        )
    with torch.random.fork_rng(devices=[]):  # initial weights, overwritten, draw random numbers
        return SlimResNet(len(described.classes), mean=described.mean, std=described.std)
