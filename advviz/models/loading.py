"""Weights from a file into a network: digest checked, every key accounted for."""

import copy
import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from advviz.errors import WeightsError
from advviz.models import shelf
from advviz.models.architectures import build, without_inplace
from advviz.models.checkpoints import COUNTER, read_checkpoint
from advviz.models.drawn import drawn
from advviz.models.model_record import (
    FETCHED,
    ModelRecord,
    OwnFile,
    RandomWeights,
    RegisteredModule,
    UploadedFile,
)
from advviz.models.records import record


def load_model(model: str) -> nn.Module:
    """Load a model in float32, in evaluation mode, its parameters frozen.

    Raises:
        UnknownNameError: no such model.
        WeightsError: its weights are not on this machine, damaged or do not fit; nothing is
            returned.
    """
    described = record(model)
    origin = described.weights_origin
    if isinstance(origin, RegisteredModule):
        from advviz.models.registry import registry

        return ready(without_inplace(copy.deepcopy(registry().module(model))))
    if isinstance(origin, RandomWeights):
        trained = None if origin.layer == "" else load_model(origin.trained)
        return ready(drawn(described, origin, trained))
    if isinstance(origin, UploadedFile):
        from advviz.models.uploaded import holder

        return from_bytes(described, holder(model).data(model), "the upload", "upload it again")
    if isinstance(origin, OwnFile):
        return _own(described, Path(origin.path))
    path = shelf.weights_path(described)
    return load_weights(described, path or described.weights)


def load_weights(described: ModelRecord, path: Path) -> nn.Module:
    """Load the weights that a record describes from a safetensors file of the network alone."""
    fetched = isinstance(described.weights_origin, FETCHED)
    remedy = f"run: advviz models fetch {described.id}" if fetched else "reinstall advviz"
    wanted = shelf.digest(described)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"the weights of {described.id} cannot be read from {path.name}: {error.strerror}; "
            f"{remedy}"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != wanted:
        raise WeightsError(
            f"{path.name} is damaged: its sha256 should begin {wanted[:12]}, "
            f"got {found[:12]}; {remedy}"
        )
    return from_bytes(described, data, path.name, remedy)


def from_bytes(described: ModelRecord, data: bytes, name: str, remedy: str) -> nn.Module:
    """Load a network from the bytes of a safetensors file of it alone, strictly."""
    network = build(described)
    try:
        state = load(data)
        filled(network, {k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except (SafetensorError, RuntimeError) as error:
        raise WeightsError(
            f"{name} does not fit {described.architecture}: {' '.join(str(error).split())}; "
            f"{remedy}"
        ) from error
    return ready(network)


def filled(network: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """Give a network its weights; counters, which are unused outside of training, keep theirs."""
    counters = {k: v for k, v in network.state_dict().items() if k.endswith(COUNTER)}
    network.load_state_dict(counters | dict(state), strict=True)
    return network


def ready(network: nn.Module) -> nn.Module:
    """Put a network into evaluation mode, freeze it, and arrange it for speed."""
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def _own(described: ModelRecord, path: Path) -> nn.Module:
    """Load a file of the user's, of any format that checkpoints have."""
    wanted, found = shelf.digest(described), shelf.file_digest(path)
    if found != wanted:
        raise WeightsError(
            f"{path.name} should have the sha256 {wanted[:12]}… of its record, or of its first "
            f"use in this app, got {found[:12]}…; restart the app, or put the right file there"
        )
    network = build(described)
    return ready(filled(network, read_checkpoint(path, described, network.state_dict())))
