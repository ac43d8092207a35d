"""Models that a Python program adds to the catalogue, before the engine starts."""

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING

from advviz.errors import AdvvizError, InvalidInputError, UnknownNameError
from advviz.models.checking import check_record
from advviz.models.model_record import ModelRecord, RegisteredModule

if TYPE_CHECKING:
    from torch import nn


class Registry:
    """The registered models; closed when the engine starts, so that no answer changes."""

    def __init__(self) -> None:
        self._records: Mapping[str, ModelRecord] = MappingProxyType({})
        self._modules: dict[str, nn.Module] = {}
        self._closed = False
        self._lock = Lock()

    @property
    def records(self) -> Mapping[str, ModelRecord]:
        """Return the records, by id; another mapping after each registration."""
        return self._records

    def module(self, model: str) -> "nn.Module":
        """Return the module of a registered model; not to be modified.

        Raises:
            UnknownNameError: no such model was registered.
        """
        if model not in self._modules:
            raise UnknownNameError(f"no model called {model[:80]!r} was registered")
        return self._modules[model]

    def close(self) -> None:
        """Take no more models."""
        self._closed = True

    def add(self, described: ModelRecord, module: "nn.Module") -> ModelRecord:
        """Add a model; see `register`."""
        if self._closed:
            raise AdvvizError(
                f"{described.id} cannot be registered: the engine has started, and its models stay "
                "as they are; register before the first experiment"
            )
        check_record(described)
        # A copy: what happens to the caller's module later changes no answer.
        module = copy.deepcopy(module).cpu().float().eval().requires_grad_(False)
        _check_answers(described, module)
        entry = replace(
            described, origin=RegisteredModule(), sha256=_digest(module), file="", vocabulary="own"
        )
        with self._lock:
            if entry.id in self._records:
                raise InvalidInputError(f"a model called {entry.id} is registered already")
            self._modules[entry.id] = module
            self._records = MappingProxyType({**self._records, entry.id: entry})
        return entry


def _check_answers(described: ModelRecord, module: "nn.Module") -> None:
    """Ask the module about a grey image."""
    import torch

    size = described.input_size
    try:
        with torch.no_grad():
            logits = module(torch.full((1, 3, size, size), 0.5))
    except Exception as error:  # the module is anybody's code
        raise InvalidInputError(
            f"the module of {described.id} must take pixels [1, 3, {size}, {size}], and failed: "
            f"{' '.join(str(error).split())[:200]}"
        ) from error
    wanted = (1, len(described.classes))
    if not isinstance(logits, torch.Tensor) or tuple(logits.shape) != wanted:
        got = list(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
        raise InvalidInputError(
            f"the module of {described.id} must give logits {list(wanted)}, got {got}"
        )
    if not logits.isfinite().all():
        raise InvalidInputError(f"the module of {described.id} gives logits that are not finite")


def _digest(module: "nn.Module") -> str:
    """Digest a module's numbers, names and classes: its code beyond that is not seen."""
    found = hashlib.sha256(repr(module).encode())
    for name, value in sorted(module.state_dict().items()):
        found.update(f"|{name}|{value.dtype}|{list(value.shape)}|".encode())
        found.update(value.detach().cpu().contiguous().view(-1).double().numpy().tobytes())
    return found.hexdigest()


_registry = Registry()


def registry() -> Registry:
    """Return the process's registry."""
    return _registry


def register(described: ModelRecord, module: "nn.Module") -> ModelRecord:
    """Add a model to the catalogue, from Python, before the engine starts.

    Args:
        described: its record; where the weights come from is filled in.
        module: maps pixels [N, 3, S, S] in [0, 1] to logits [N, K]. It is copied at once.

    Returns:
        The record as it stands in the catalogue.

    Raises:
        InvalidInputError: the id is taken, or record and module do not fit each other.
        AdvvizError: the engine has started.
    """
    from advviz.models.records import catalogue

    if described.id in catalogue():
        raise InvalidInputError(f"a model called {described.id} exists already; choose another id")
    return _registry.add(described, module)
