"""Small models to be measured, sound and broken, on a folder of small pictures."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from advviz.models import records, registry
from advviz.models.model_record import ModelRecord
from advviz.models.registry import Registry, register

CLASSES = ("red", "green", "blue")
SIDE = 16


class Colours(nn.Module):
    """A linear classifier of the colour that there is most of."""

    delay = 0.0  # seconds of each answer

    def __init__(self, scale: float = 20.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))

    def forward(self, images: Tensor) -> Tensor:
        time.sleep(self.delay)
        return self.scale * images.mean((2, 3))


class Changed(nn.Module):
    """A network whose logits, or pixels, a defence changes."""

    def __init__(
        self,
        logits: Callable[[Tensor], Tensor] | None = None,
        pixels: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.network, self.logits, self.pixels = Colours(), logits, pixels

    def extra_repr(self) -> str:
        """Tell defences apart: a registered module's digest does not see its code."""
        return ", ".join(f.__name__ for f in (self.logits, self.pixels) if f is not None)

    def forward(self, images: Tensor) -> Tensor:
        images = images if self.pixels is None else self.pixels(images)
        logits = self.network(images)
        return logits if self.logits is None else self.logits(logits)


def quantized(logits: Tensor) -> Tensor:
    return (2 * logits).round() / 2


def saturated(logits: Tensor) -> Tensor:
    return 1e4 * logits


def undefined(logits: Tensor) -> Tensor:
    """Return the logits, by a way whose gradient is no number."""
    return torch.where(logits > 1e9, (logits - 1e9).sqrt(), logits)


def probabilities(logits: Tensor) -> Tensor:
    return logits.softmax(1)


def noisy(pixels: Tensor) -> Tensor:
    return pixels + 0.05 * torch.rand(pixels.shape, generator=_NUMBERS)


_NUMBERS = torch.Generator().manual_seed(0)


def described(name: str, **changed: object) -> ModelRecord:
    """Return the record of a toy."""
    values: dict[str, object] = {
        "id": name,
        "title": name,
        "architecture": "toy",
        "source": "made for a test",
        "licence": "MIT",
        "input_size": SIDE,
        "mean": (0.0, 0.0, 0.0),
        "std": (1.0, 1.0, 1.0),
        "classes": CLASSES,
    }
    return ModelRecord(**values | changed)  # type: ignore[arg-type]


@contextmanager
def registered(
    modules: dict[str, nn.Module], patch: pytest.MonkeyPatch, **changed: object
) -> Iterator[None]:
    """Put toys into a catalogue of their own; those whose name begins with robust are that.

    What is given besides stands in their records.
    """
    patch.setattr(registry, "_registry", Registry())
    records._merged.cache_clear()
    for name, module in modules.items():
        is_robust = name.startswith("robust")
        training = {"training_norm": "l2", "training_eps": 0.5} if is_robust else {}
        register(described(name, **training, **changed), module)
    yield
    patch.undo()
    records._merged.cache_clear()


def folder_of_pictures(folder: Path, per_class: int = 12) -> Path:
    """Write pictures in which a colour prevails, by more and by less."""
    source = np.random.default_rng(0)
    for index, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            levels = source.integers(90, 150, (SIDE, SIDE, 3)).astype(np.float64)
            levels[:, :, index] += 8 + 60 * number / per_class
            picture = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
            picture.save(folder / name / f"{number:02d}.png")
    return folder
