"""What a layer puts out for given pictures: asked of the module itself, a picture at a time."""

from functools import partial

import torch
from torch import Tensor, nn

from advviz.errors import UnknownNameError
from advviz.protocol import Call, Procedure


def activations(images: Tensor, layer: str) -> Procedure[Tensor]:
    """Ask the unmodified network what a layer puts out.

    Args:
        images: [N, C, H, W] in [0, 1].
        layer: name as in `module.named_modules()`.

    Returns:
        [N, ...], without history.

    Raises:
        UnknownNameError: the network has no such layer.
    """
    found = []
    for row in range(len(images)):
        picture = images[row : row + 1].detach()
        found.append((yield Call(partial(_put_out, layer=layer, images=picture))))
    return torch.cat(found)


def _put_out(module: nn.Module, *, layer: str, images: Tensor) -> Tensor:
    """Run one forward pass, and keep what the layer puts out."""
    modules = dict(module.named_modules())
    if layer not in modules:
        raise UnknownNameError(f"the network has no layer called {layer!r}")
    kept: list[Tensor] = []
    handle = modules[layer].register_forward_hook(
        lambda _module, _inputs, output: kept.append(output.detach().clone())
    )
    try:
        with torch.no_grad():
            module(images)
    finally:
        handle.remove()
    return kept.pop()
