"""Networks whose right map is known, and methods that are wrong on purpose."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
import torch
from measured_toys import SIDE, registered
from torch import Tensor, nn

from advviz.compute import Engine
from advviz.evaluation.trust import Judgement, judged
from advviz.experiments.trust import TrustSpec
from advviz.explain import catalogue, nulls
from advviz.explain.gradient import Explanation
from advviz.models.normalize import Normalize
from advviz.protocol import Answer, Query

CLASSES = ("corner", "middle", "side")
PLACES = ((3, 3), (8, 8), (12, 3))
"""Row and column of the spot that each class looks at."""


class Spots(nn.Module):
    """A linear network after a squashing: each class looks at one bright spot of the picture."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.normalize = Normalize((0.5,) * 3, (0.5,) * 3)
        self.fc = nn.Linear(3 * SIDE**2, len(CLASSES), bias=False)
        self.scale = scale
        rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
        spots = [torch.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 6.0) for y, x in PLACES]
        with torch.no_grad():
            self.fc.weight.copy_(torch.stack(spots)[:, None].expand(-1, 3, -1, -1).flatten(1) / 6)

    def extra_repr(self) -> str:
        """Tell scales apart: a digest does not see what is no weight."""
        return f"scale={self.scale}"

    def forward(self, images: Tensor) -> Tensor:
        return self.scale * self.fc(torch.tanh(self.normalize(images)).flatten(1))


def of_edges(images: Tensor, objective: Any, params: Any, *, noise: Any) -> Any:
    """An edge detector, sold as an explanation."""
    del params, noise
    answer: Answer = yield Query(images, objective, gradient=False, exact=True)
    return Explanation(nulls.edges(images), answer.values, answer.logits)


def constant(images: Tensor, objective: Any, params: Any, *, noise: Any) -> Any:
    """A map that is the same everywhere."""
    del params, noise
    answer: Answer = yield Query(images, objective, gradient=False, exact=True)
    return Explanation(torch.ones_like(images), answer.values, answer.logits)


def of_the_picture(images: Tensor, objective: Any, params: Any, *, noise: Any) -> Any:
    """What Guided Backprop comes to (Nie et al., 2018): the picture, sharpened; no weights."""
    del params, noise
    answer: Answer = yield Query(images, objective, gradient=False, exact=True)
    blurred = nn.functional.avg_pool2d(images, 5, 1, 2, count_include_pad=False)
    return Explanation((images - blurred).relu(), answer.values, answer.logits)


def of_noise(images: Tensor, objective: Any, params: Any, *, noise: Any) -> Any:
    """Nothing but the random numbers of a seed."""
    del params
    answer: Answer = yield Query(images, objective, gradient=False, exact=True)
    drawn = noise.streams(images).normal("nothing")
    return Explanation(drawn, answer.values, answer.logits)


def plant(make: Any, patch: pytest.MonkeyPatch, name: str = "gradient") -> None:
    """Put a method in the place of one of the catalogue."""
    entries = dict(catalogue.explainers())
    entries[name] = replace(entries[name], make=make)
    patch.setattr(catalogue, "_BY_NAME", MappingProxyType(entries))


@contextmanager
def networks(patch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine that knows the network, and one whose probabilities are all 0 or 1."""
    toys = {"spots": Spots(6.0), "saturated": Spots(1e4)}
    with registered(toys, patch, classes=CLASSES, layers={"normalize": 3}):
        engine = Engine(use_shipped=False)
        try:
            yield engine
        finally:
            engine.close()


def verdicts(engine: Engine, **words: Any) -> Judgement:
    """Judge a map of the gallery's cat."""
    spec = TrustSpec(**{"model": "spots", "image": "sample:chelsea", **words})
    return judged(spec, engine.run(spec).facts)
