"""Tiny classifiers whose right answers are known, in float64."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from advviz.models.classifier import Classifier
from advviz.protocol import Answer, Call, Query

SHAPE = (3, 4, 4)
"""Channels, height and width of a toy image."""
SIZE = 48
"""C · H · W of it."""


def generator(seed: int = 0) -> torch.Generator:
    """Return a random source of its own: tests, too, leave the global one alone."""
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Draw standard normal numbers in float64."""
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def pictures(count: int, shape: tuple[int, ...] = SHAPE, *, seed: int = 0) -> Tensor:
    """Draw images from the whole box [0, 1], in float64."""
    return torch.rand(count, *shape, generator=generator(seed), dtype=torch.float64)


def central(count: int, shape: tuple[int, ...] = SHAPE, *, seed: int = 0) -> Tensor:
    """Draw images from [0.4, 0.6]: the box is far away."""
    return 0.4 + 0.2 * pictures(count, shape, seed=seed)


class Linear(nn.Module):
    """logits = W x + b."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())
        self.bias = nn.Parameter(weight.new_zeros(len(weight)) if bias is None else bias.clone())

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1) @ self.weight.T + self.bias


class Quadratic(nn.Module):
    """logits = (½ xᵀ A x + w · x, 0), A symmetric."""

    def __init__(self, matrix: Tensor, weight: Tensor) -> None:
        super().__init__()
        self.matrix, self.weight = nn.Parameter(matrix.clone()), nn.Parameter(weight.clone())

    def forward(self, images: Tensor) -> Tensor:
        x = images.flatten(1)
        score = 0.5 * ((x @ self.matrix) * x).sum(1) + x @ self.weight
        return torch.stack([score, torch.zeros_like(score)], 1)


class ReluNeuron(nn.Module):
    """logits = (max(0, w · x + b), 0)."""

    def __init__(self, weight: Tensor, bias: float) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight.clone()), bias

    def forward(self, images: Tensor) -> Tensor:
        score = (images.flatten(1) @ self.weight + self.bias).relu()
        return torch.stack([score, torch.zeros_like(score)], 1)


class Convolutional(nn.Module):
    """Two convolutions, batch norm, pooling and a linear layer: everything that has a state."""

    def __init__(self, classes: int = 3, seed: int = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, padding=1)
        self.bn = nn.BatchNorm2d(5)
        self.act = nn.SiLU()
        self.conv2 = nn.Conv2d(5, 6, 3, padding=1)
        self.act2 = nn.Tanh()
        self.drop = nn.Dropout(0.5)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(6, classes)
        self.double()
        source = generator(seed)
        with torch.no_grad():
            for value in self.state_dict().values():
                if value.is_floating_point():
                    value.copy_(torch.randn(value.shape, generator=source, dtype=torch.float64))
            self.bn.running_var.abs_().add_(0.5)
            self.fc.weight.mul_(4)

    def forward(self, images: Tensor) -> Tensor:
        features = self.act(self.bn(self.conv(images - 0.5)))
        features = self.flatten(self.pool(self.act2(self.conv2(features))))
        return self.fc(self.drop(features))


def built(make: type[nn.Module], *words: object) -> nn.Module:
    """Build a module whose layers draw initial weights, without touching global numbers."""
    with torch.random.fork_rng(devices=[]):
        return make(*words)


def linear(weight: Tensor, bias: Tensor | None = None) -> Classifier:
    """Return the classifier with logits W x + b."""
    return Classifier(Linear(weight, bias))


def binary(weight: Tensor, bias: float = 0.0) -> Classifier:
    """Return the classifier with logits (−f/2, f/2), f = w · x + b."""
    return linear(torch.stack([-weight, weight]) / 2, weight.new_tensor([-bias, bias]) / 2)


def convolutional(classes: int = 3, seed: int = 0) -> Classifier:
    """Return a small convolutional classifier."""
    return Classifier(built(Convolutional, classes, seed))


def labels(*indices: int) -> Tensor:
    """Return class indices."""
    return torch.tensor(indices, dtype=torch.long)


class Listening:
    """Answer queries and remember them."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.queries: list[Query] = []

    def answer(self, query: Query) -> Answer:
        """Answer a query."""
        self.queries.append(query)
        return self.classifier.answer(query)

    def call(self, call: Call) -> object:
        """Run a call."""
        return self.classifier.call(call)


class InParts:
    """Answer queries a few rows at a time, as an engine may."""

    def __init__(self, classifier: Classifier, rows: int) -> None:
        self.classifier, self.rows = classifier, rows

    def answer(self, query: Query) -> Answer:
        """Answer a query part by part."""
        parts = list(self._parts(query))
        return Answer(
            torch.cat([p.logits for p in parts]),
            torch.cat([p.values for p in parts]),
            torch.cat([p.gradients for p in parts]),
        )

    def _parts(self, query: Query) -> Iterator[Answer]:
        for rows in torch.arange(len(query.images)).split(self.rows):
            objective = None if query.objective is None else query.objective.select(rows)
            part = Query(query.images[rows], objective, query.gradient, query.exact)
            yield self.classifier.answer(part)

    def call(self, call: Call) -> object:
        """Run a call."""
        return self.classifier.call(call)
