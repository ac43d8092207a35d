"""Convolutions whose weights lie in memory as the processor multiplies them.

A plain convolution rearranges its weights at every call, forward and backward; with one
small image that takes longer than the multiplication. Here they are arranged once, in
bfloat16. This is for directions alone: what is decided comes from the unmodified network.
"""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

FEW_CHANNELS = 4
"""Up to these many input channels, what goes in is an image; see `_OfImage`."""


def can_pack(device: torch.device) -> bool:
    """Say whether this torch can pack convolutions for a device: only for a CPU."""
    names = (
        "_convolution_pointwise",
        "_convolution_transpose_pointwise",
        "_reorder_convolution_transpose_weight",
        "_reorder_convolution_weight",
    )
    has_all = torch._C._has_mkldnn and all(hasattr(_ops(), n) for n in names)
    return device.type == "cpu" and has_all


def packed(module: nn.Module) -> nn.Module:
    """Pack the convolutions of a frozen network, in place, and return it.

    The network keeps its names. Grouped, dilated and otherwise padded convolutions stay as
    they are.
    """
    for name, layer in list(module.named_modules()):
        if isinstance(layer, nn.Conv2d) and _is_plain(layer):
            module.set_submodule(name, PackedConv2d(layer))
    return module


def _is_plain(conv: nn.Conv2d) -> bool:
    plain = conv.groups == 1 and conv.dilation == (1, 1) and conv.padding_mode == "zeros"
    square = len(set(conv.stride)) == 1 and len(set(conv.kernel_size)) == 1
    return plain and square and conv.padding in ((0, 0), (conv.padding[0],) * 2)


class PackedConv2d(nn.Module):
    """A frozen convolution with packed weights, differentiable by its input alone.

    Args:
        conv: what it does: square, and neither grouped nor dilated.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self._packing = (_OfImage if conv.in_channels <= FEW_CHANNELS else _OfFeatures)(conv)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map [N, C_in, H, W] of any precision to [N, C_out, H', W'] in bfloat16."""
        result: Tensor = _Convolution.apply(inputs, self._packing)
        return result


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, packing: "_Packing") -> Tensor:
        ctx.packing, ctx.size, ctx.dtype = packing, inputs.shape[2:], inputs.dtype
        return packing.forward(inputs)

    @staticmethod
    def backward(ctx: Any, gradients: Tensor) -> tuple[Tensor, None]:
        inner = ctx.packing.backward(_bfloat16(gradients), ctx.size)
        return inner.to(ctx.dtype), None


class _Packing(ABC):
    """A convolution's weights, arranged for both directions."""

    def __init__(self, conv: nn.Conv2d) -> None:
        self.kernel, self.stride = conv.kernel_size[0], conv.stride[0]
        self.padding = int(conv.padding[0])
        self.bias = None if conv.bias is None else conv.bias.detach()

    @abstractmethod
    def forward(self, inputs: Tensor) -> Tensor:
        """Convolve [N, C_in, H, W], to bfloat16."""

    @abstractmethod
    def backward(self, gradients: Tensor, size: torch.Size) -> Tensor:
        """Pull bfloat16 gradients [N, C_out, H', W'] back to inputs of size (H, W)."""


class _OfFeatures(_Packing):
    """Both directions in bfloat16."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__(conv)
        weight = _bfloat16(conv.weight.detach())
        self.bias = None if self.bias is None else self.bias.bfloat16()
        self._forward = _arranged(weight, self.padding, self.stride)
        self._backward = _ops()._reorder_convolution_transpose_weight(
            weight,
            [self.padding] * 2,
            [0, 0],
            [self.stride] * 2,
            [1, 1],
            1,
            # Some size has to be named; the arrangement serves all of them.
            [1, conv.out_channels, 8, 8],
        )

    def forward(self, inputs: Tensor) -> Tensor:
        inputs = _bfloat16(inputs)
        return _convolved(inputs, self._forward, self.bias, self.padding, self.stride)

    def backward(self, gradients: Tensor, size: torch.Size) -> Tensor:
        whole = [
            (part - 1) * self.stride - 2 * self.padding + self.kernel
            for part in gradients.shape[2:]
        ]
        left_over = [full - reached for full, reached in zip(size, whole, strict=True)]
        result: Tensor = _ops()._convolution_transpose_pointwise(
            gradients,
            self._backward,
            None,
            [self.padding] * 2,
            left_over,
            [self.stride] * 2,
            [1, 1],
            1,
            *_PLAIN,
        )
        return result


class _OfImage(_Packing):
    """Forward in the precision of the image, backward with strides as channels.

    In bfloat16 an image would lose every change below 1/256. And a processor fills a few
    channels up to sixteen: so the pixels between two strides become channels of one
    convolution, which are then put back in their places.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__(conv)
        weight = conv.weight.detach()
        self._forward = _arranged(weight, self.padding, self.stride)
        interleaved, self._skip = self._interleaved(weight)
        self._reach = interleaved.shape[-1] - 1
        self._backward = _arranged(_bfloat16(interleaved), self._reach, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        result = _convolved(inputs.float(), self._forward, self.bias, self.padding, self.stride)
        return _bfloat16(result)

    def backward(self, gradients: Tensor, size: torch.Size) -> Tensor:
        found = _convolved(gradients, self._backward, None, self._reach, 1)
        height, width = (self._skip - (-full // self.stride) for full in size)
        found = found[:, :, self._skip : height, self._skip : width]
        found = functional.pixel_shuffle(found, self.stride)
        if found.shape[2:] == size:
            return found
        # What lies beyond the last stride is cut off, or has no influence.
        return functional.pad(found, (0, size[1] - found.shape[3], 0, size[0] - found.shape[2]))

    def _interleaved(self, weight: Tensor) -> tuple[Tensor, int]:
        """Arrange weights [C_out, C_in, k, k] as [C_in·s·s, C_out, t, t].

        Output o reads pixel s·m + r with the weight at r + p − s·(o − m). The largest o − m
        that some r needs is returned too.
        """
        s, p, k = self.stride, self.padding, self.kernel
        first, last = -((k - 1 - p) // s), (s - 1 + p) // s
        taps = last - first + 1
        result = weight.new_zeros(weight.shape[1], s, s, weight.shape[0], taps, taps)
        at = [
            (r, tap, r + p - s * (first + tap))
            for r in range(s)
            for tap in range(taps)
            if 0 <= r + p - s * (first + tap) < k
        ]
        for row, i, y in at:
            for column, j, x in at:
                result[:, row, column, :, i, j] = weight[:, :, y, x].T
        return result.flatten(0, 2), last


_PLAIN: tuple[Any, ...] = ("none", [], "")  # no other operation is fused with the convolution


def _bfloat16(values: Tensor) -> Tensor:
    return values.bfloat16().contiguous(memory_format=torch.channels_last)


def _arranged(weight: Tensor, padding: int, stride: int) -> Tensor:
    result: Tensor = _ops()._reorder_convolution_weight(
        weight.contiguous(memory_format=torch.channels_last),
        [padding] * 2,
        [stride] * 2,
        [1, 1],
        1,
        None,
    )
    return result


def _convolved(
    inputs: Tensor, weight: Tensor, bias: Tensor | None, padding: int, stride: int
) -> Tensor:
    result: Tensor = _ops()._convolution_pointwise(
        inputs, weight, bias, [padding] * 2, [stride] * 2, [1, 1], 1, *_PLAIN
    )
    return result


def _ops() -> Any:
    return torch.ops.mkldnn
