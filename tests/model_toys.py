"""A small network of torchvision's, with the record of it, for tests of files and folders."""

import torch
from toys import generator

from advviz.models.architectures import build
from advviz.models.model_record import HubCheckpoint, ModelRecord

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
RECORD = ModelRecord(
    id="small",
    title="Small",
    architecture="torchvision:shufflenet_v2_x0_5",
    source="a test",
    licence="MIT",
    input_size=64,
    mean=MEAN,
    std=STD,
    classes=("a", "b", "c"),
    origin=HubCheckpoint(repository="a/b", revision="main", file="small.ckpt"),
)


def small_network():
    """Build it with numbers that are not its initial ones."""
    found = build(RECORD)
    source = generator(3)
    for value in found.state_dict().values():
        if value.is_floating_point():
            value.copy_(0.01 + 0.1 * torch.rand(value.shape, generator=source))
    return found


def weights(network):
    """Return the numbers that a file of a network must give back."""
    return {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
