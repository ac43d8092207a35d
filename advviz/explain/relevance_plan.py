"""What a network is made of, as far as relevance propagation has to know beforehand."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from advviz.errors import InvalidInputError
from advviz.explain.rules import INPUT_FIRST, RECTIFIERS, with_input_first

COVERED = RECTIFIERS - {"softplus"} | {"tanh", "softsign"}
"""Activations that are zero at zero: they make nothing of nothing."""
LINEAR = frozenset((
    "conv2d", "linear", "batch_norm", "dropout", "dropout2d", "identity", "avg_pool2d",
    "adaptive_avg_pool2d", "max_pool2d", "add", "__add__", "__radd__", "__iadd__", "sub",
    "__sub__", "__isub__", "rsub", "__rsub__", "neg", "cat", "concat", "concatenate", "flatten",
    "view", "reshape", "unflatten", "mean", "sum", "permute", "transpose", "contiguous", "clone",
    "__getitem__", "squeeze", "unsqueeze", "expand", "pad", "to", "float", "double", "chunk",
    "split", "unbind",
))  # fmt: skip
"""Steps that hand relevance on by their own gradient, or by a rule."""
LOOKS = frozenset((
    "__get__", "dim", "size", "numel", "_assert", "is_contiguous", "stride", "__bool__", "__len__",
    "detach",
))  # fmt: skip
"""Looking at a tensor's shape is no step."""
PRODUCTS = frozenset(("mul", "multiply", "__mul__", "__rmul__", "__imul__"))
QUOTIENTS = frozenset(("div", "divide", "true_divide", "__truediv__", "__itruediv__"))
"""Linear where the other factor, or the divisor, does not depend on the image."""


@dataclass(frozen=True, slots=True)
class Affine:
    """A convolution or a linear layer, as it was called.

    Args:
        function: F.conv2d or F.linear.
        weight: of it.
        bias: [outputs], or None.
        settings: the arguments after those.
        words: arguments by name.
    """

    function: Any
    weight: Tensor
    bias: Tensor | None
    settings: tuple[Any, ...]
    words: dict[str, Any]

    @classmethod
    def of(cls, function: Any, args: Any, words: dict[str, Any]) -> "Affine":
        """Read a call."""
        words = dict(words)
        _, *rest = args
        weight = rest.pop(0) if rest else words.pop("weight")
        bias = rest.pop(0) if rest else words.pop("bias", None)
        return cls(function, weight, bias, tuple(rest), words)

    @property
    def name(self) -> str:
        """Name the function."""
        return str(self.function.__name__)

    def __call__(self, inputs: Tensor) -> Tensor:
        """Apply it."""
        result: Tensor = self.function(inputs, self.weight, self.bias, *self.settings, **self.words)
        return result

    def with_bias(self, bias: Tensor | None) -> "Affine":
        """Return it with another bias."""
        return replace(self, bias=bias)

    def kept(self, *, above: bool) -> "Affine":
        """Return it with its positive, or its negative, weights and biases alone."""
        bounds = {"min": 0} if above else {"max": 0}
        bias = None if self.bias is None else self.bias.clamp(**bounds)
        return replace(self, weight=self.weight.clamp(**bounds), bias=bias)


def scaled_by_norm(affine: Affine, norm: tuple[Tensor, Tensor]) -> Affine:
    """Return a convolution together with the batch norm after it: a factor and a shift."""
    factor, shift = norm
    weight = affine.weight * factor.view(-1, *[1] * (affine.weight.ndim - 1))
    before = 0 if affine.bias is None else affine.bias
    return replace(affine, weight=weight, bias=before * factor + shift)


class Plan(TorchFunctionMode):
    """Watch a network once: which batch norm follows which layer, and what no rule covers."""

    AFFINE: ClassVar[frozenset[str]] = frozenset(("conv2d", "linear"))

    def __init__(self) -> None:
        super().__init__()
        self.norms: dict[int, tuple[Tensor, Tensor]] = {}
        """Factor and shift of the batch norm after a layer, by the number of the layer."""
        self.ends: tuple[Tensor, ...] = ()
        """What the first layer gets of a black and of a white picture."""
        self.uncovered: Counter[str] = Counter()
        self._outputs: list[Tensor] = []  # kept, so that no other tensor gets their identities
        self._uses: Counter[int] = Counter()

    def watch(self, module: nn.Module, images: Tensor) -> None:
        """Run the network on the images and on a black and a white one for each."""
        rows = torch.cat([images, torch.zeros_like(images), torch.ones_like(images)])
        with self:
            module(rows.requires_grad_())
        alone = [self._uses[id(output)] == 1 for output in self._outputs]
        self.norms = {call: norm for call, norm in self.norms.items() if alone[call]}
        self._outputs.clear()

    def refuse_uncovered(self) -> None:
        """Raise InvalidInputError, in one sentence, for a network with steps beyond the rules."""
        if self.uncovered:
            raise InvalidInputError(
                "LRP covers convolutions, batch norm, activations that are zero at zero, pooling "
                f"and sums; this network also does {', '.join(sorted(self.uncovered)[:5])}, for "
                "which there is no one rule; choose another method"
            )
        if not self.ends:
            raise InvalidInputError(
                "LRP needs a network with a convolution or a linear layer, got one without; "
                "choose another method"
            )

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Note one call."""
        words = dict(kwargs or {})
        name = str(getattr(func, "__name__", ""))
        name = name if name.endswith("__") else name.removesuffix("_")
        if name in INPUT_FIRST:
            args, words = with_input_first(args, words)
        given = [a for a in _flat((*args, *words.values())) if a.requires_grad]
        result = func(*args, **words)
        if given and name not in LOOKS:
            self._uses.update(id(tensor) for tensor in given)
            self._judge(name, given, args)
            self._note(name, result, args, words)
        return result

    def _judge(self, name: str, given: list[Tensor], args: Any) -> None:
        if name in PRODUCTS or name in QUOTIENTS:
            if len(given) > 1 or (name in QUOTIENTS and given[0] is not args[0]):
                self.uncovered["products of features"] += 1
        elif name not in LINEAR and name not in COVERED:
            self.uncovered[name] += 1

    def _note(self, name: str, result: Tensor, args: Any, words: dict[str, Any]) -> None:
        if name in self.AFFINE:
            if not self._outputs:
                self.ends = tuple(t.detach() for t in args[0].chunk(3))[1:]
            self._outputs.append(result)
            self._uses[id(result)] = 0
        elif name == "batch_norm" and self._outputs and args[0] is self._outputs[-1]:
            self.norms[len(self._outputs) - 1] = _factor_and_shift(*args, **words)


def _flat(values: Any) -> list[Tensor]:
    flat: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            flat.append(value)
        elif isinstance(value, list | tuple):
            flat += _flat(value)
    return flat


def _factor_and_shift(
    _inputs: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,  # noqa: ARG001  # networks are in evaluation mode
    momentum: float = 0.1,  # noqa: ARG001
    eps: float = 1e-5,
) -> tuple[Tensor, Tensor]:
    factor = (running_var + eps).rsqrt() * (1 if weight is None else weight)
    return factor, (0 if bias is None else bias) - running_mean * factor
