"""The networks and pictures that the benchmarks measure."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision.models import resnet18

from advviz.data import gallery, images
from advviz.models.fast import TESTED_IMAGES, FastClassifier
from advviz.models.loading import load_model
from advviz.models.normalize import Normalize
from advviz.models.records import record

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Case:
    """A network, and the pictures it is asked about.

    Args:
        title: in words.
        module: in evaluation mode, frozen, normalization inside.
        pixels: [N, 3, S, S] in [0, 1].
        targets: class indices, int64 [N].
        trained: whether its decisions mean anything.
    """

    title: str
    module: nn.Module
    pixels: Tensor
    targets: Tensor
    trained: bool

    def fast(self) -> FastClassifier:
        """Make the fast copy, tested on the pictures that the app would test it on."""
        return FastClassifier(self.module, pictures(TESTED_IMAGES, self.pixels.shape[-1]))


def pictures(count: int, size: int) -> Tensor:
    """Stack pictures of the gallery [N, 3, S, S], from its beginning again when it ends."""
    samples = gallery.samples()
    chosen = [samples[number % len(samples)] for number in range(count)]
    pixels = [images.load(f"{images.SAMPLE_PREFIX}{sample.id}", size).pixels for sample in chosen]
    return torch.stack([torch.from_numpy(found.copy()) for found in pixels])


def random_resnet18(size: int, batch: int) -> Case:
    """Take torchvision's ResNet-18 with the random weights of seed 0; targets are class 3."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = resnet18()
    module = nn.Sequential(Normalize(*IMAGENET), network).eval().requires_grad_(False)
    module = module.to(memory_format=torch.channels_last)  # as the bundled models are loaded
    title = f"ResNet-18, random weights, {size} px, batch {batch}"
    return Case(title, module, pictures(batch, size), torch.full((batch,), 3), trained=False)


def shipped(model: str, batch: int) -> Case:
    """Take a bundled model; each target is the class after the predicted one."""
    module, described = load_model(model), record(model)
    pixels = pictures(batch, described.input_size)
    with torch.no_grad():
        targets = (module(pixels).argmax(1) + 1) % len(described.classes)
    title = f"{model}, {described.input_size} px, batch {batch}"
    return Case(title, module, pixels, targets, trained=True)
