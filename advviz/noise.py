"""Random numbers that depend on the image and the seed, and on nothing else.

Every draw comes from a generator of its own, seeded by (seed, image digest, purpose,
restart, draw) and run on the CPU. So a row's numbers do not change with its batch, its
chunk, the number of restarts or the device, and the global generators are never touched.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Stream(Protocol):
    """A source of random rows shaped like some images."""

    def normal(self, purpose: str, draw: int = 0) -> Tensor:
        """Draw standard normal numbers, one image-shaped row for each image."""
        ...

    def uniform(self, purpose: str, draw: int = 0) -> Tensor:
        """Draw one number in [0, 1) for each image."""
        ...


def image_digest(image: Tensor) -> str:
    """Identify an image by the bytes of its float32 pixels and its shape (hex, 128 bit)."""
    pixels = image.detach().to("cpu", torch.float32).contiguous()
    digest = hashlib.blake2b(str(tuple(pixels.shape)).encode(), digest_size=16)
    digest.update(pixels.numpy().tobytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Noise:
    """The only source of randomness of a procedure.

    Args:
        seed: any integer; the user's choice.
    """

    seed: int

    def streams(self, images: Tensor, restart: int = 0) -> "ImageStreams":
        """Bind the seed to some images: one stream a row, keyed by the row's own digest.

        `restart` names an independent repetition: more restarts leave the first ones as
        they were.
        """
        digests = tuple(image_digest(image) for image in images)
        return ImageStreams(self.seed, digests, restart, images)


@dataclass(frozen=True, slots=True)
class ImageStreams:
    """One stream an image; a draw is named, so that its order does not matter."""

    seed: int
    digests: tuple[str, ...]
    restart: int
    like: Tensor

    def select(self, rows: Tensor) -> "ImageStreams":
        """Return the streams of some rows, given by their indices."""
        digests = tuple(self.digests[row] for row in rows.tolist())
        return ImageStreams(self.seed, digests, self.restart, self.like[rows])

    def _generators(self, purpose: str, draw: int) -> list[torch.Generator]:
        keys = (f"{self.seed}|{d}|{purpose}|{self.restart}|{draw}" for d in self.digests)
        seeds = (hashlib.blake2b(key.encode(), digest_size=8).digest() for key in keys)
        return [torch.Generator().manual_seed(int.from_bytes(s, "big") >> 1) for s in seeds]

    def normal(self, purpose: str, draw: int = 0) -> Tensor:
        """Draw standard normal numbers, one image-shaped row for each image."""
        shape = self.like.shape[1:]
        rows = [torch.randn(shape, generator=g) for g in self._generators(purpose, draw)]
        return torch.stack(rows).to(self.like)

    def uniform(self, purpose: str, draw: int = 0) -> Tensor:
        """Draw one number in [0, 1) for each image."""
        rows = [
            torch.rand((1, 1, 1), generator=g, dtype=torch.float64)
            for g in self._generators(purpose, draw)
        ]
        return torch.stack(rows).to(self.like)

    def uniforms(self, count: int, purpose: str, draw: int = 0) -> Tensor:
        """Draw some numbers in [0, 1) for each image: [N, count] in float64, on the CPU.

        They stay there: rounded to float32, a number below 1 may become 1.
        """
        rows = [
            torch.rand(count, generator=g, dtype=torch.float64)
            for g in self._generators(purpose, draw)
        ]
        return torch.stack(rows)
