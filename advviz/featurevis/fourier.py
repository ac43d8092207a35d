"""Feature visualization with a prior: a picture of decorrelated Fourier coefficients.

Gradient ascent on pixels favours high frequencies. Written as Fourier coefficients divided
by their frequency, with colours decorrelated as in natural images, and seen through small
random shifts, zooms and turns, the same ascent gives smoother pictures. This is a strong
prior: what it shows comes from the prior and the network together.
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

SPECTRUM_DEVIATION = 0.01
CONTRAST = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FourierParams:
    """What the regularized visualization is told.

    Args:
        steps: of Adam, >= 1.
        learning_rate: of Adam.
        jitter: largest shift in pixels.
        zoom: largest relative change of scale.
        turn: largest rotation in degrees.
    """

    steps: int = 200
    learning_rate: float = 0.05
    jitter: float = 3.0
    zoom: float = 0.1
    turn: float = 10.0

    def __post_init__(self) -> None:
        """Refuse values that draw nothing."""
        if self.steps < 1:
            raise InvalidInputError(f"steps must be >= 1, got {self.steps}")
        for name in ("learning_rate", "jitter", "zoom", "turn"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise InvalidInputError(f"{name} must be finite and >= 0, got {value}")


def frequencies(height: int, width: int) -> Tensor:
    """Return the magnitude of each frequency of a real 2-D transform [H, W // 2 + 1]."""
    rows = torch.fft.fftfreq(height)[:, None]
    columns = torch.fft.rfftfreq(width)[None, :]
    return torch.hypot(rows, columns)


def to_pixels(spectrum: Tensor, height: int, width: int) -> Tensor:
    """Turn decorrelated spectra into pictures.

    Args:
        spectrum: [N, 3, H, W // 2 + 1, 2], real and imaginary parts.
        height: H.
        width: W, odd or even.

    Returns:
        [N, 3, H, W] in (0, 1).
    """
    scale = 1 / frequencies(height, width).clamp_min(1 / max(height, width)).to(spectrum.device)
    scaled = torch.view_as_complex(spectrum) * (scale * (height * width) ** 0.5)
    waves = torch.fft.irfft2(scaled, s=(height, width), norm="backward") / CONTRAST
    colours = torch.tensor(COLOUR_CORRELATION, device=waves.device, dtype=waves.dtype)
    mixed = torch.einsum("rc,nchw->nrhw", colours / colours.norm(dim=1).max(), waves)
    return torch.sigmoid(mixed)


def seen_through(
    pictures: Tensor, params: FourierParams, streams: ImageStreams, step: int
) -> Tensor:
    """Shift, zoom and turn each picture at random, by bilinear sampling."""
    shift_x, shift_y, zoom, turn = (
        (2 * streams.uniform(name, step) - 1).flatten() for name in ("x", "y", "zoom", "turn")
    )
    height, width = pictures.shape[2:]
    angle = torch.deg2rad(turn * params.turn)
    scale = 1 + zoom * params.zoom
    cos, sin = scale * angle.cos(), scale * angle.sin()
    x, y = 2 * params.jitter * shift_x / width, 2 * params.jitter * shift_y / height
    matrix = torch.stack([torch.stack([cos, -sin, x], 1), torch.stack([sin, cos, y], 1)], 1)
    grid = functional.affine_grid(matrix, list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


def fourier_ascent(
    like: Tensor, objective: Objective | Goal, params: FourierParams, *, noise: Noise
) -> Procedure[Visualization]:
    """Raise an objective over Fourier coefficients with Adam.

    The coefficients live here: the gradient by the pixels, which the network gives, is
    pulled back through transformations, sigmoid, colours and Fourier transform.

    Args:
        like: [N, 3, H, W]; the shape to draw, and each row's key.
        objective: a class logit, a unit or channel of a named layer, or a sum.
        params: steps, learning rate and transformations.
        noise: for the start and the transformations.

    Reference: Olah et al., "Feature Visualization", Distill 2017.
    """
    streams = noise.streams(like)
    height, width = like.shape[2:]
    drawn = torch.stack([streams.normal("real"), streams.normal("imaginary")], -1)
    spectrum = (SPECTRUM_DEVIATION * drawn[..., : width // 2 + 1, :]).contiguous()
    spectrum.requires_grad_(True)
    optimizer = torch.optim.Adam([spectrum], lr=params.learning_rate)
    start, values = to_pixels(spectrum.detach(), height, width), []
    goal = goal_of(objective)
    for step in range(params.steps):
        with torch.enable_grad():
            pictures = to_pixels(spectrum, height, width)
            seen = seen_through(pictures, params, streams, step)
        progress = Progress("drawing", step, params.steps, pictures[0].detach())
        answer = yield from goal.ask(seen.detach(), progress=progress)
        values.append(answer.values)
        (spectrum.grad,) = torch.autograd.grad(seen, spectrum, -answer.gradients)
        optimizer.step()
    final = to_pixels(spectrum.detach(), height, width)
    return (yield from judged(start, final, goal, values))
