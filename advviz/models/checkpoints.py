"""Published checkpoints: which of their keys are the network's, and what the others are.

Prefixes are matched exactly, against the keys of the network itself. What is not the network
is checked and dropped: the normalizer's numbers, an attacker's copy of the network, the state
of the training run. Anything else is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from advviz.errors import WeightsError
from advviz.models.containers import contents
from advviz.models.model_record import ModelRecord

HOLDERS = ("model", "state_dict", "model_state_dict", "net")
"""Keys under which a checkpoint may keep the network."""
OF_TRAINING = (
    "optimizer", "optimizer_state_dict", "schedule", "scheduler", "lr_scheduler", "amp", "scaler",
)  # fmt: skip
"""Keys of a training run's state, which is dropped unseen."""
WRAPPERS = ("", "module.")
"""`module.` is what DataParallel puts before every key."""
PLACES = ("", "model.", "model.model.", "1.")
"""Where the network lies in it: alone, beside a normalizer, behind a dummy as well, or second."""
NORMALIZERS = (
    ("normalizer.new_mean", "normalizer.new_std"),
    ("attacker.normalize.new_mean", "attacker.normalize.new_std"),
    ("normalize.mean", "normalize.std"),
    ("0.mean", "0.std"),
    ("mu", "sigma"),
    ("mean", "std"),
)
COUNTER = "num_batches_tracked"
"""Ends the name of a number that is unused outside of training; old files lack it."""
ROUNDING = 1e-6
NAMED = 3


def read_checkpoint(
    path: Path, described: ModelRecord, expected: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Read a network's weights out of a checkpoint, and account for every key.

    Args:
        path: the file, of any format that `contents` reads.
        described: names the file's normalization, which is checked against the file.
        expected: the network's state, of which shapes and kinds are used.

    Returns:
        Weights by the network's own names, in float32 where they are fractions.

    Raises:
        WeightsError: the file cannot be used, in one sentence; nothing is returned.
    """
    return fitted(_state(contents(path), path.name), path.name, described, expected)


def fitted(
    state: Mapping[str, Tensor], name: str, described: ModelRecord, expected: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Take a network's weights out of a state under whatever prefix; see `read_checkpoint`."""
    place = _place(state, name, described, expected)
    found = {key: state[place.prefix + key] for key in expected if place.prefix + key in state}
    missing = [key for key in expected if key not in found and not key.endswith(COUNTER)]
    if missing:
        raise WeightsError(
            f"{name} does not fit {described.architecture}: it lacks {_some(missing)}"
        )
    accounted = {place.prefix + key for key in found}
    accounted |= set(_normalizer(state, place, name, described))
    accounted |= set(_attacker(state, place, name))
    unknown = [key for key in state if key not in accounted]
    if unknown:
        raise WeightsError(
            f"{name} does not fit {described.architecture}, which has no place for {_some(unknown)}"
        )
    return {
        key: _checked(value, expected[key], f"{name} does not fit {described.architecture}: {key}")
        for key, value in found.items()
        if not key.endswith(COUNTER)
    }


def _state(loaded: Any, name: str) -> Mapping[str, Tensor]:
    """Find the network's state among what a checkpoint holds."""
    if not isinstance(loaded, Mapping) or not all(isinstance(key, str) for key in loaded):
        raise WeightsError(f"{name} must hold tensors by name, got {type(loaded).__name__}")
    if loaded and all(isinstance(value, Tensor) for value in loaded.values()):
        return loaded
    holders = [key for key in HOLDERS if isinstance(loaded.get(key), Mapping)]
    if len(holders) != 1:
        raise WeightsError(
            f"{name} must hold one network, under {' or '.join(HOLDERS[:2])}, got "
            f"{_some(holders or list(loaded)) or 'nothing'}"
        )
    unknown = [
        key
        for key, value in loaded.items()
        if key != holders[0] and key not in OF_TRAINING and not _is_note(value)
    ]
    if unknown:
        raise WeightsError(
            f"{name} holds more than a network and its training: {_some(unknown)}; "
            "keep the weights alone"
        )
    state: Mapping[Any, Any] = loaded[holders[0]]
    if not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in state.items()):
        raise WeightsError(f"{name} must hold tensors by name under {holders[0]}")
    return state


def _is_note(value: Any) -> bool:
    """Say whether a value is bookkeeping: a word or a single number."""
    if isinstance(value, Tensor):
        return value.numel() == 1
    return value is None or isinstance(value, bool | int | float | str)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a state the network lies."""

    wrapper: str
    inner: str

    @property
    def prefix(self) -> str:
        return self.wrapper + self.inner


def _place(
    state: Mapping[str, Tensor], name: str, described: ModelRecord, expected: Mapping[str, Tensor]
) -> _Place:
    places = [_Place(wrapper, inner) for wrapper in WRAPPERS for inner in PLACES]
    hits = {place: sum(place.prefix + key in state for key in expected) for place in places}
    best = max(places, key=hits.__getitem__)
    if not hits[best]:
        raise WeightsError(
            f"{name} holds no weights of {described.architecture}, but {_some(list(state))}"
        )
    return best


def _normalizer(
    state: Mapping[str, Tensor], place: _Place, name: str, described: ModelRecord
) -> Iterator[str]:
    """Name the normalizers' keys, after a look at their numbers."""
    for pair in NORMALIZERS:
        for key, recorded in zip(pair, (described.mean, described.std), strict=True):
            found = state.get(place.wrapper + key)
            if found is None:
                continue
            values = found.flatten()[:NAMED].tolist()
            same = found.numel() == len(recorded) and all(
                abs(a - b) <= ROUNDING for a, b in zip(values, recorded, strict=False)
            )
            if not same:
                raise WeightsError(
                    f"{name} normalizes otherwise than its record: {key} should be "
                    f"{list(recorded)}, got {[round(float(value), 4) for value in values]}"
                )
            yield place.wrapper + key


def _attacker(state: Mapping[str, Tensor], place: _Place, name: str) -> Iterator[str]:
    """Name the keys of an attacker's copy of the network, after comparing it."""
    copied, original = f"{place.wrapper}attacker.model.", f"{place.wrapper}model."
    for key, value in state.items():
        if not key.startswith(copied):
            continue
        counterpart = state.get(original + key.removeprefix(copied))
        if counterpart is None:
            continue  # of nothing that is known, so it will be refused
        if not torch.equal(counterpart, value):
            raise WeightsError(
                f"{name} holds two networks that differ, in {key}; it cannot be told which is meant"
            )
        yield key


def _checked(value: Tensor, expected: Tensor, what: str) -> Tensor:
    if value.layout != torch.strided or value.is_complex() or value.is_quantized:
        raise WeightsError(f"{what} must be a plain tensor")
    if value.shape != expected.shape:
        raise WeightsError(f"{what} must be {list(expected.shape)}, got {list(value.shape)}")
    if value.is_floating_point() != expected.is_floating_point():
        raise WeightsError(f"{what} must be {expected.dtype}, got {value.dtype}")
    if not value.isfinite().all():
        raise WeightsError(f"{what} must be finite, got nan or inf")
    # A copy: tensors of a file may share memory, and be a view of much more.
    return value.to(expected.dtype).clone(memory_format=torch.contiguous_format)


def _some(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return ", ".join(key[:80] for key in keys[:NAMED]) + more
