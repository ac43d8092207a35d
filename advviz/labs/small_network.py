"""A small residual network of two classes, trained by a lab in batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi

import torch
from torch import Tensor, nn
from torch.nn import functional

from advviz.labs.examples import Examples, Meter, generator
from advviz.labs.turns import Work, answered_by, in_turns
from advviz.models.classifier import Classifier
from advviz.models.normalize import Normalize
from advviz.models.resnet import ResidualBlock
from advviz.protocol import Answer, Procedure, Progress, Query, Respondent

WIDTHS = (16, 32, 64)
BATCH = 32
WARMUP = 0.2  # share of the steps until the peak of the learning rate; then a half cosine to 0
MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4
LOOKS = 10  # at the held-out images while a network is trained
ROWS_A_QUERY = 64


class SmallResNet(nn.Module):
    """The smaller sister of the bundled networks: three stages of one residual block each.

    Args:
        channels: of the images, which may be of any size from 8 pixels a side.
        mean: of the training pixels in [0, 1], per channel.
        std: likewise.
    """

    def __init__(self, channels: int, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.normalize = Normalize(mean, std)
        self.conv = nn.Conv2d(channels, WIDTHS[0], 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(WIDTHS[0])
        self.act = nn.SiLU()
        widths = (WIDTHS[0], *WIDTHS)
        stages: list[nn.Module] = []
        for before, width in pairwise(widths):
            stages += [ResidualBlock(before, width), nn.AvgPool2d(2)]
        self.stages = nn.Sequential(*stages[:-1])
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(WIDTHS[-1], 2)

    def forward(self, images: Tensor) -> Tensor:
        """Map pixels [N, C, H, W] in [0, 1] to logits [N, 2]."""
        features = self.stages(self.act(self.bn(self.conv(self.normalize(images)))))
        logits: Tensor = self.fc(self.pool(features).flatten(1))
        return logits


@dataclass(frozen=True, slots=True, eq=False)
class SmallNetworks:
    """One network that has been trained; several are not trained side by side."""

    classifier: Classifier

    def respondent(self, _place: int) -> Respondent:
        """Return who answers for it."""
        return self.classifier

    def decide(self, images: Tensor) -> Procedure[Tensor]:
        """Return the class [1, N] that it gives to images [1, N, C, H, W]."""
        said = yield from answered_by(self.classifier, _logits(images[0]))
        return said.argmax(1)[None]

    def weights(self, _place: int) -> Tensor | None:
        """Return nothing: it does more than to weigh pixels."""
        return None


def _logits(images: Tensor) -> Procedure[Tensor]:
    found = []
    for some in torch.split(images, ROWS_A_QUERY):
        answer: Answer = yield Query(some, gradient=False, exact=True)
        found.append(answer.logits)
    return torch.cat(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallLearner:
    """Stochastic gradient descent on the cross-entropy, with Nesterov's momentum.

    Args:
        steps: of descent, a batch of 32 each.
        lr: peak of the learning rate.
        device: where the network is trained.
    """

    steps: int
    lr: float
    device: str = "cpu"

    def together(self, _images: Tensor) -> int:
        """Say that one network is trained at a time."""
        return 1

    def learn(
        self, told: Examples, held: Examples, seeds: Sequence[int], purpose: str, meter: Meter
    ) -> Procedure[SmallNetworks]:
        """Train the network of one seed; see `Learner.learn`."""
        return (yield from in_turns(self._descend(told, held, seeds[0], purpose, meter)))

    def _descend(
        self, told: Examples, held: Examples, seed: int, purpose: str, meter: Meter
    ) -> Work[SmallNetworks]:
        source = generator(seed, purpose)
        images, labels = told.images[0][told.used[0]], told.labels[0][told.used[0]]
        network = fresh(images, source).to(self.device)
        best, kept = _Best(held, self.device), _state(network)
        optimizer = torch.optim.SGD(
            network.parameters(),
            lr=self.lr,
            momentum=MOMENTUM,
            nesterov=True,
            weight_decay=WEIGHT_DECAY,
        )
        every = max(1, self.steps // LOOKS)
        for step in range(self.steps):
            optimizer.param_groups[0]["lr"] = self.lr * _schedule(step, self.steps)
            rows = torch.randint(len(images), (BATCH,), generator=source)
            _step(network, optimizer, images[rows].to(self.device), labels[rows].to(self.device))
            yield meter.at(purpose, step + 1)
            if (step + 1) % every == 0 or step + 1 == self.steps:
                is_better = yield from best.offer(network, meter.at(purpose, step + 1))
                kept = _state(network) if is_better else kept
        network.load_state_dict(kept)
        meter.done += self.steps
        return SmallNetworks(Classifier(network))


def fresh(images: Tensor, source: torch.Generator) -> SmallResNet:
    """Make a network with first weights from a generator; the global one is not touched.

    Args:
        images: [N, C, H, W] that it will be trained on: of their mean and spread.
        source: of the numbers.
    """
    mean = images.mean((0, 2, 3))
    std = images.std((0, 2, 3)).clamp_min(1e-3)
    with torch.device("meta"):
        network = SmallResNet(images.shape[1], [0.0] * len(mean), [1.0] * len(std))
    network = network.to_empty(device="cpu")
    network.normalize = Normalize(mean.tolist(), std.tolist())
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
        elif isinstance(layer, nn.Conv2d | nn.Linear):
            inputs = layer.weight[0].numel()
            gain = 2.0 if isinstance(layer, nn.Conv2d) else 1.0
            with torch.no_grad():
                layer.weight.normal_(0, (gain / inputs) ** 0.5, generator=source)
                if layer.bias is not None:
                    layer.bias.zero_()
    return network


def _schedule(step: int, steps: int) -> float:
    """Return the share of the peak learning rate at a step."""
    peak = WARMUP * steps
    if step < peak:
        return (step + 1) / (peak + 1)
    return 0.5 + 0.5 * cos(pi * (step - peak) / max(steps - peak, 1))


def _step(
    network: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor
) -> None:
    network.train()
    loss = functional.cross_entropy(network(images), labels)
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    optimizer.step()
    network.eval()


def _state(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


class _Best:
    """The best accuracy on held-out images so far, and among equals the lowest loss."""

    def __init__(self, held: Examples, device: str) -> None:
        self._images = held.images[0][held.used[0]].to(device)
        self._labels = held.labels[0][held.used[0]].to(device)
        self._found = (-1.0, float("-inf"))

    def offer(self, network: nn.Module, progress: Progress) -> Work[bool]:
        """Say whether a network is better than it was before."""
        parts = []
        for some in torch.split(self._images, ROWS_A_QUERY):
            with torch.no_grad():
                parts.append(network(some))
            yield progress
        logits = torch.cat(parts)
        right = float((logits.argmax(1) == self._labels).double().mean())
        found = (right, -float(functional.cross_entropy(logits, self._labels)))
        if found > self._found:
            self._found = found
            return True
        return False
