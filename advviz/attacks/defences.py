"""Simple defences tried on finished pictures: what survives them, the attack or the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from advviz import pictures
from advviz.noise import ImageStreams, Noise
from advviz.pictures import defences
from advviz.pictures.arrays import Bytes
from advviz.protocol import Answer, Procedure, Progress, Query

NOTHING = "nothing"

CHANGES: Mapping[str, Callable[[Bytes], Bytes]] = MappingProxyType(
    {
        NOTHING: lambda image: image,
        "JPEG, quality 90": lambda image: defences.jpeg(image, 90),
        "JPEG, quality 75": lambda image: defences.jpeg(image, 75),
        "JPEG, quality 50": lambda image: defences.jpeg(image, 50),
        "JPEG, quality 25": lambda image: defences.jpeg(image, 25),
        "blur, 0.5 pixels": lambda image: defences.blurred(image, 0.5),
        "blur, 1 pixel": lambda image: defences.blurred(image, 1.0),
        "blur, 2 pixels": lambda image: defences.blurred(image, 2.0),
        "5 bits a channel": lambda image: defences.fewer_levels(image, 5),
        "4 bits a channel": lambda image: defences.fewer_levels(image, 4),
        "3 bits a channel": lambda image: defences.fewer_levels(image, 3),
        "reduced to 75%": lambda image: defences.resized(image, 0.75),
        "reduced to 50%": lambda image: defences.resized(image, 0.5),
    }
)
"""What is done to a picture, by name; the first is the file as it is."""

NOISES: Mapping[str, float] = MappingProxyType(
    {"noise, 4 of 255": 4.0, "noise, 8 of 255": 8.0, "noise, 16 of 255": 16.0}
)
"""Standard deviations of Gaussian noise, in levels."""

NAMES = (*CHANGES, *NOISES)


@dataclass(frozen=True, slots=True, eq=False)
class Defended:
    """Pictures after each defence, and what a classifier says of them; D defences.

    Args:
        pictures: uint8 [N, D, H, W, 3].
        logits: [N, D, K].
    """

    pictures: Tensor
    logits: Tensor


def defended(images: Tensor, *, noise: Noise) -> Procedure[Defended]:
    """Try every defence of `NAMES` on finished pictures, as their 8-bit files hold them.

    None of these was known to the attack. A defence that holds here may fall to an attack that
    is made through it.

    Args:
        images: [N, 3, H, W] in [0, 1].
        noise: of the noisy copies.

    Reference: Athalye et al., ICML 2018, arXiv:1802.00420.
    """
    streams = noise.streams(images)
    files = [pictures.photo(image.cpu().numpy()) for image in images]
    tried = np.stack([np.stack([change(file) for change in CHANGES.values()]) for file in files])
    tried = np.concatenate([tried, _noisy(np.stack(files), streams)], axis=1)
    logits = []
    for number, copies in enumerate(tried):
        batch = torch.from_numpy(copies).permute(0, 3, 1, 2).to(images) / 255
        progress = Progress("defences", number, len(tried), batch[0])
        answer: Answer = yield Query(batch, gradient=False, exact=True, progress=progress)
        logits.append(answer.logits)
    return Defended(torch.from_numpy(tried), torch.stack(logits))


def _noisy(files: Bytes, streams: ImageStreams) -> Bytes:
    """Return each file [N, H, W, 3] with every noise, [N, 3, H, W, 3]."""
    copies = []
    for draw, sigma in enumerate(NOISES.values()):
        drawn = streams.normal("defence", draw).cpu().numpy().transpose(0, 2, 3, 1)
        levels = np.rint(files + sigma * drawn.astype(np.float64))
        copies.append(np.clip(levels, 0, 255).astype(np.uint8))
    return np.stack(copies, axis=1)
