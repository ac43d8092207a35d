"""MACO: a picture whose Fourier magnitudes are those of photos, and whose phases are searched.

How strong each frequency is stays as it is on average in given photos; only where things are,
the phase, is searched. So the picture keeps the texture statistics of photos without any
penalty, and the network is asked about many crops of it at once. This is the strongest prior
here: what it shows comes from photos, crops and the network together.

Reference: Fel et al., "Unlocking Feature Visualization for Deeper Networks with MAgnitude
Constrained Optimization", NeurIPS 2023, arXiv:2306.06805.
"""

from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor
from torch.nn import functional

from advviz.errors import InvalidInputError
from advviz.featurevis.colours import COLOUR_CORRELATION
from advviz.featurevis.goal import Goal, goal_of
from advviz.featurevis.result import Visualization, judged
from advviz.noise import ImageStreams, Noise
from advviz.objectives import Objective
from advviz.protocol import Procedure, Progress

CENTRE_DEVIATION, SIDE_DEVIATION = 0.15, 0.05
"""Of where a crop lies, and of how large it is, as shares of the side: the paper's."""
TINY = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class MacoParams:
    """What MACO is told; the defaults are the paper's but for the crops, see `smallest`.

    Args:
        steps: of Nadam, >= 1.
        learning_rate: of Nadam.
        crops: of the picture that the network sees at each step, >= 1.
        largest: side of a crop at the first step, as a share of the picture's.
        smallest: at the last step. The paper ends at 0.05 of 512 pixels; of a picture no
            larger than the network's input, that would be three pixels.
        noise: standard deviation of the noise on every crop, pixels in [0, 1].
    """

    steps: int = 256
    learning_rate: float = 1.0
    crops: int = 8
    largest: float = 1.0
    smallest: float = 0.5
    noise: float = 0.08

    def __post_init__(self) -> None:
        """Refuse values that draw nothing."""
        for name in ("steps", "crops"):
            if getattr(self, name) < 1:
                raise InvalidInputError(f"{name} must be >= 1, got {getattr(self, name)}")
        for name in ("learning_rate", "largest", "smallest", "noise"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise InvalidInputError(f"{name} must be finite and >= 0, got {value}")


def waves(phase: Tensor, magnitude: Tensor, width: int) -> Tensor:
    """Turn phases into decorrelated colours, before anything is scaled or squashed.

    Args:
        phase: [N, 3, H, W // 2 + 1], in radians.
        magnitude: [3, H, W // 2 + 1], of every picture and step; that of real pictures.
        width: W, odd or even.

    Returns:
        [N, 3, H, W], whose `rfft2` has exactly that magnitude.
    """
    centred = (phase - phase.mean((1, 2, 3), keepdim=True)) / (
        phase.std((1, 2, 3), keepdim=True) + TINY
    )
    spectrum = torch.polar(magnitude.expand_as(phase).contiguous(), _real(centred, width))
    drawn: Tensor = torch.fft.irfft2(spectrum, s=(phase.shape[2], width))
    return drawn


def _real(phase: Tensor, width: int) -> Tensor:
    """Make the columns that are their own mirror image those of a real picture.

    There a frequency and its mirror image are both in the transform, and their phases must be
    opposite: else the picture would have another magnitude than it was given.
    """
    columns = [0, width // 2] if width % 2 == 0 else [0]
    mirror = (-torch.arange(phase.shape[2], device=phase.device)) % phase.shape[2]
    mirrored = phase[:, :, mirror]
    own = torch.zeros(phase.shape[3], device=phase.device, dtype=torch.bool)
    own[columns] = True
    return torch.where(own, (phase - mirrored) / 2**0.5, phase)


def to_picture(phase: Tensor, magnitude: Tensor, width: int) -> Tensor:
    """Turn phases into pictures [N, 3, H, W] in [0, 1]; see `waves`."""
    drawn = waves(phase, magnitude, width)
    drawn = drawn - drawn.mean((1, 2, 3), keepdim=True)
    drawn = drawn / (drawn.std((1, 2, 3), keepdim=True) + TINY)
    colours = torch.tensor(COLOUR_CORRELATION, device=phase.device, dtype=phase.dtype)
    # The scale of the colours is that of the sigmoid's contrast, as with Fourier coefficients.
    mixed = torch.einsum("rc,nchw->nrhw", colours / colours.norm(dim=1).max(), drawn)
    shades = torch.sigmoid(mixed)
    low, high = shades.amin((1, 2, 3), keepdim=True), shades.amax((1, 2, 3), keepdim=True)
    return (shades - low) / (high - low)


def cropped(pictures: Tensor, params: MacoParams, streams: ImageStreams, step: int) -> Tensor:
    """Cut out crops at random, bring them to the size of the picture, and add noise.

    Args:
        pictures: [N, 3, S, S].
        params: how many, how large, how noisy.
        streams: one a picture.
        step: crops shrink linearly with it.

    Returns:
        [crops · N, 3, S, S]; noise may leave [0, 1].
    """
    gone = step / max(1, params.steps - 1)
    side = params.largest + (params.smallest - params.largest) * gone
    seen = []
    for crop in range(params.crops):
        draw = step * params.crops + crop
        scale = side + SIDE_DEVIATION * _one(streams, "size", draw)
        scale = scale.clamp(TINY, 1.0)
        reach = 1 - scale  # a crop never leaves the picture
        x = (2 * CENTRE_DEVIATION * _one(streams, "x", draw)).clamp(-reach, reach)
        y = (2 * CENTRE_DEVIATION * _one(streams, "y", draw)).clamp(-reach, reach)
        none = torch.zeros_like(scale)
        matrix = torch.stack(
            [torch.stack([scale, none, x], 1), torch.stack([none, scale, y], 1)], 1
        )
        grid = functional.affine_grid(matrix, list(pictures.shape), align_corners=False)
        piece = functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
        seen.append(piece + params.noise * _grain(streams, draw))
    return torch.cat(seen)


def _one(streams: ImageStreams, purpose: str, draw: int) -> Tensor:
    """Draw one standard normal number a picture [N]."""
    evenly = streams.uniform(purpose, draw).flatten()
    drawn: Tensor = torch.special.ndtri(evenly.clamp(1e-6, 1 - 1e-6))
    return drawn


def _grain(streams: ImageStreams, draw: int) -> Tensor:
    """Draw normal noise, and even noise of width one beside it."""
    evenly: Tensor = torch.special.ndtr(streams.normal("even", draw)) - 0.5
    return streams.normal("grain", draw) + evenly


@dataclass(frozen=True, slots=True, eq=False)
class Maco:
    """What MACO returns.

    Args:
        drawn: start, pictures and values as of any visualization; a value during the search
            is the mean over the crops.
        importance: [N, H, W] >= 0, how much the search asked of each pixel: the gradients'
            magnitudes, summed over steps and averaged over colours. It is shown as opacity.
    """

    drawn: Visualization
    importance: Tensor


def maco(
    like: Tensor,
    objective: Objective | Goal,
    magnitude: Tensor,
    params: MacoParams,
    *,
    noise: Noise,
) -> Procedure[Maco]:
    """Raise an objective over the phases of a picture with Nadam.

    Args:
        like: [N, 3, H, W]; the shape to draw, and each row's key.
        objective: a class logit, a unit or channel of a named layer, or a sum.
        magnitude: [3, H, W // 2 + 1], of decorrelated colours, which never changes.
        params: steps, learning rate, crops and their noise.
        noise: for the first phases, the crops and their noise.

    Raises:
        InvalidInputError: a magnitude of another shape than the pictures have.
    """
    count, _, height, width = like.shape
    if magnitude.shape != (3, height, width // 2 + 1):
        raise InvalidInputError(
            f"the magnitude must be [3, {height}, {width // 2 + 1}], got {list(magnitude.shape)}"
        )
    streams, goal = noise.streams(like), goal_of(objective)
    every = goal.select(torch.arange(count, device=like.device).repeat(params.crops))
    magnitude = magnitude.to(like)
    phase = streams.normal("phase")[..., : width // 2 + 1].contiguous().requires_grad_(True)
    optimizer = torch.optim.NAdam([phase], lr=params.learning_rate)
    start, values = to_picture(phase.detach(), magnitude, width), []
    importance = torch.zeros_like(start[:, 0])
    for step in range(params.steps):
        with torch.enable_grad():
            pictures = to_picture(phase, magnitude, width)
            seen = cropped(pictures, params, streams, step)
        progress = Progress("drawing", step, params.steps, pictures[0].detach())
        answer = yield from every.ask(seen.detach(), progress=progress)
        values.append(answer.values.view(params.crops, count).mean(0))
        (by_pixel,) = torch.autograd.grad(seen, pictures, answer.gradients)
        importance += by_pixel.abs().mean(1)
        turned = yield from goal.push(pictures.detach(), by_pixel)
        (phase.grad,) = torch.autograd.grad(pictures, phase, -turned)
        optimizer.step()
    final = to_picture(phase.detach(), magnitude, width)
    return Maco((yield from judged(start, final, goal, values)), importance)
