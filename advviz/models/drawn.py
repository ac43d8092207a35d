"""Networks with the weights that they would begin to learn with, from some layer on.

Batch norm counts as a part of its layer: its factors go back to 1, its offsets to 0, and so do
its running means and variances, to 0 and 1. Statistics that stayed would have been measured on
data, behind weights that are gone: they would carry over what was learned, and divide what now
arrives by the spread of something else. The rest of the network is as it was trained.
"""

import copy

import torch
from torch import nn

from advviz.errors import UnknownNameError
from advviz.models.architectures import build, without_inplace
from advviz.models.model_record import ModelRecord, RandomWeights, RegisteredModule
from advviz.models.records import record
from advviz.models.registry import registry


def drawn(described: ModelRecord, origin: RandomWeights, trained: nn.Module | None) -> nn.Module:
    """Build a copy with random weights; the process's generator is left alone.

    Args:
        described: the record of the copy.
        origin: its seed, and from which layer on it is random.
        trained: the network whose weights stay before that layer; it is changed. None where
            none stay.

    Raises:
        UnknownNameError: the network has no such layer.
        WeightsError: its architecture cannot be built.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(origin.seed)
        fresh = _initial(described, origin.trained)
    return fresh if trained is None else _replaced(trained, fresh, origin.layer)


def _initial(described: ModelRecord, trained: str) -> nn.Module:
    """Draw all weights as the network's builder does; those of a registered module anew."""
    if trained and isinstance(record(trained).weights_origin, RegisteredModule):
        return _redrawn(without_inplace(copy.deepcopy(registry().module(trained))))
    return build(described)


def _redrawn(network: nn.Module) -> nn.Module:
    """Draw the weights of somebody's module: layers draw their own; other weights are shuffled.

    A shuffled parameter has the values of the trained one, in an order that means nothing.
    """
    for layer in network.modules():
        reset = getattr(layer, "reset_parameters", None)
        if callable(reset):
            reset()
            continue
        for value in layer.parameters(recurse=False):
            order = torch.randperm(value.numel())
            value.data = value.data.flatten()[order].view_as(value)
    return network


def _replaced(trained: nn.Module, fresh: nn.Module, layer: str) -> nn.Module:
    """Put fresh weights and statistics into a network, from a layer up to the logits."""
    names = [name for name, _ in trained.named_modules()]
    if layer not in names:
        raise UnknownNameError(f"the network has no layer called {layer[:40]!r}")
    above = {*names[names.index(layer) :]}
    wanted = fresh.state_dict()
    with torch.no_grad():
        for name, value in trained.state_dict().items():
            if name.rpartition(".")[0] in above:
                value.copy_(wanted[name])
    return trained
