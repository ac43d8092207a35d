"""A network run with other rules on the way back, which is what relevance methods are.

Captum hangs its hooks on modules of the classes that it lists. Guided backpropagation there
passes SiLU by without a word, as DeepLift does; DeepLift reads wrong differences where one ReLU
module is called twice, as in torchvision's residual blocks, where a max-pool follows a ReLU, and
where its windows overlap. Here every function is seen when the network calls it, with or without
a module around it, once for each call. On networks that Captum handles the results are the same.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from advviz.errors import InvalidInputError
from advviz.objectives import LOGITS, Objective

RECTIFIERS = frozenset((
    "relu", "relu6", "leaky_relu", "prelu", "elu", "celu", "selu", "gelu", "silu", "mish",
    "softplus", "hardswish", "hardtanh",
))  # fmt: skip
"""Activations that hold negative inputs back, sharply or smoothly."""
SQUASHING = frozenset(("sigmoid", "tanh", "hardsigmoid", "logsigmoid", "softsign"))
ELEMENTWISE = RECTIFIERS | SQUASHING
INPUT_FIRST = frozenset((
    "conv2d", "linear", "batch_norm", "max_pool2d", "mul", "multiply", "div", "divide",
    "true_divide",
))  # fmt: skip
"""Other functions that rules look into, whose first argument is called `input`."""
AGREEMENT = 1e-3
"""How far logits of the rewritten network may be off, as a share of the largest: rounding."""

Elementwise: TypeAlias = Callable[[Tensor], Tensor]


class Rules(TorchFunctionMode):
    """Answer the functions that a network calls on what depends on the image.

    Forward values stay the network's own; only what is passed back changes. It is thread-local,
    and nothing of the module is touched.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Ask the subclass about one call."""
        words = dict(kwargs or {})
        name = str(getattr(func, "__name__", ""))
        plain = name.removesuffix("_")
        if plain in ELEMENTWISE or plain in INPUT_FIRST:
            args, words = with_input_first(args, words)
        if plain in ELEMENTWISE and args[0].requires_grad:
            return self.activation(plain, _one_argument(func, name, args[1:], words), args[0])
        return self.other(name, func, args, words)

    @abstractmethod
    def activation(self, name: str, function: Elementwise, inputs: Tensor) -> Tensor:
        """Return function(inputs), with the rule's own way back."""

    def other(self, _name: str, func: Any, args: Any, words: dict[str, Any]) -> Any:
        """Return what any other function gives."""
        return func(*args, **words)


def with_input_first(args: Any, words: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return a call's arguments with the input, which may be given by name, as the first one."""
    if args or "input" not in words:
        return args, words
    return (words["input"],), {name: words[name] for name in words if name != "input"}


def _one_argument(func: Any, name: str, rest: Iterable[Any], words: dict[str, Any]) -> Elementwise:
    """Return an activation as a function of its input that leaves this as it is."""
    if name.endswith("_"):  # a network that needs the change in place will answer otherwise
        func = getattr(torch.nn.functional, name.removesuffix("_"))
    settings = [False if value is True else value for value in rest]
    words = {key: value for key, value in words.items() if key != "inplace"}
    return lambda inputs: func(inputs, *settings, **words)


def slope(function: Elementwise, inputs: Tensor) -> Tensor:
    """Return the derivative of an elementwise function, shaped like its inputs."""
    with torch.enable_grad():
        leaf = inputs.detach().requires_grad_()
        (found,) = torch.autograd.grad(function(leaf).sum(), leaf)
    return found


def with_multiplier(values: Tensor, inputs: Tensor, multiplier: Tensor) -> Tensor:
    """Return the values; on the way back their gradient is multiplied and goes to the inputs."""
    return values.detach() + multiplier.detach() * (inputs - inputs.detach())


def tiny(values: Tensor) -> float:
    """Return the difference below which a quotient of differences is rounding alone."""
    return float(torch.finfo(values.dtype).eps ** 0.75)


def pulled_back(
    module: nn.Module, images: Tensor, objective: Objective, rules: Rules
) -> tuple[Tensor, Tensor]:
    """Run a network by rules, and pull an objective back to the pixels.

    Returns:
        What arrives there [N, C, H, W], and the logits [N, K].

    Raises:
        InvalidInputError: the objective looks at a layer.
    """
    refuse_layers(objective)
    pixels = images.detach().clone().requires_grad_()
    with rules:
        logits: Tensor = module(pixels)
    (arrived,) = torch.autograd.grad(objective.values(logits).sum(), pixels)
    return arrived, logits.detach()


def refuse_layers(objective: Objective) -> None:
    """Raise InvalidInputError where an objective is about a layer's unit, not about a class."""
    if objective.tap != LOGITS:
        raise InvalidInputError(
            f"this method explains the score of a class, got a unit of {objective.tap!r}; "
            "take the gradient of a unit instead"
        )


def refuse_another_network(method: str, rewritten: Tensor, logits: Tensor) -> None:
    """Refuse a network that answers otherwise when its activations work out of place.

    Args:
        method: what was tried, for people.
        rewritten: logits [N, K] that came out beside the map.
        logits: the network's own.

    Raises:
        InvalidInputError: they differ by more than rounding.
    """
    off = float((rewritten - logits).abs().max())
    if off > AGREEMENT * max(1.0, float(logits.abs().max())):
        raise InvalidInputError(
            f"{method} follows activations that return their result, but this network relies on "
            f"changing a tensor in place: its logits came out {off:.3g} off; write the "
            "activations as x = relu(x), or choose another method"
        )
