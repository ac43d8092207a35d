"""Weights that come through the browser: checked, kept in memory, bounded."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from types import MappingProxyType
from typing import Any

from advviz.errors import InvalidInputError, UnknownNameError, WeightsError
from advviz.models.model_record import ModelRecord, UploadedFile

PREFIX = "upload:"
LIMIT = 400 * 2**20  # bytes of one file
TOTAL = 2**30  # bytes of all files
NUMBER = 4
TRAINED_NUMBER, TRAINED_TOTAL = 128, 128 * 2**20
"""Of networks that labs trained, which are small and are kept apart: no upload pushes them out."""
LONGEST_HEADER = 8 * 2**20
FRACTIONS = ("F64", "F32", "F16", "BF16")


@dataclass(frozen=True, slots=True)
class _Upload:
    described: ModelRecord
    data: bytes


class Uploads:
    """The uploaded weights, the least recently used leaving first.

    Args:
        number: how many may be kept.
        total: bytes that they may have together.
    """

    def __init__(self, number: int = NUMBER, total: int = TOTAL) -> None:
        self._number, self._total = number, total
        self._kept: OrderedDict[str, _Upload] = OrderedDict()
        self._lock = Lock()

    def keep(self, data: bytes, like: ModelRecord, **told: Any) -> ModelRecord:
        """Keep a safetensors file for an architecture that is known.

        Args:
            data: the file.
            like: a model of the same architecture, classes, size and normalization.
            told: fields of the new record, of a model whose training is known.

        Returns:
            The record of the new model; its id is `upload:` and the file's sha256.

        Raises:
            WeightsError: it is too large, no safetensors file, or does not fit; nothing is kept.
        """
        if len(data) > min(LIMIT, self._total):
            raise WeightsError(
                f"an upload has at most {min(LIMIT, self._total) / 2**20:g} MiB, got "
                f"{len(data) / 2**20:,.1f} MiB; put larger files into the folder of your models"
            )
        _check_fit(_header(data), like)
        sha256 = hashlib.sha256(data).hexdigest()
        described = replace(_described(sha256, like), **told)
        with self._lock:
            known = self._kept.get(described.id)
            if known is not None and _meaning(known.described) != _meaning(described):
                raise InvalidInputError(
                    "these weights are here already, as another model of the same shape; "
                    "use that one, or restart the app"
                )
            self._kept[described.id] = known or _Upload(described, data)
            self._kept.move_to_end(described.id)
            while len(self._kept) > self._number or self._bytes() > self._total:
                self._kept.popitem(last=False)
        return described

    def holds(self, model: str) -> bool:
        """Say whether a model is here."""
        return model in self._kept

    def record(self, model: str) -> ModelRecord:
        """Return the record of an uploaded model.

        Raises:
            UnknownNameError: it is not here, or no longer.
        """
        return self._find(model).described

    def data(self, model: str) -> bytes:
        """Return the file of an uploaded model.

        Raises:
            UnknownNameError: it is not here, or no longer.
        """
        return self._find(model).data

    def _find(self, model: str) -> _Upload:
        with self._lock:
            if model not in self._kept:
                raise UnknownNameError(
                    f"the uploaded model {model[:19]} is not here any more; upload it again"
                )
            self._kept.move_to_end(model)
            return self._kept[model]

    def _bytes(self) -> int:
        return sum(len(upload.data) for upload in self._kept.values())


def _described(sha256: str, like: ModelRecord) -> ModelRecord:
    return replace(
        like,
        id=f"{PREFIX}{sha256}",
        title=f"Upload {sha256[:8]} ({like.architecture.rpartition(':')[2]})",
        family="yours",
        source="a file that was uploaded",
        licence="not given",
        citation="",
        origin=UploadedFile(),
        sha256=sha256,
        file="",
        training_norm=None,
        training_eps=0.0,
        augmented=False,
        recipe=MappingProxyType({}),
        command="",
        accuracies=MappingProxyType({}),
        published=MappingProxyType({}),
    )


def _meaning(described: ModelRecord) -> tuple[Any, ...]:
    """Return what an answer depends on beside the weights."""
    return (
        described.architecture, described.classes, described.input_size, described.mean,
        described.std,
    )  # fmt: skip


def _header(data: bytes) -> Mapping[str, Any]:
    """Read what a safetensors file says of itself, without reading a tensor."""
    length = int.from_bytes(data[:8], "little")
    if data[8:9] != b"{" or not 2 <= length <= min(LONGEST_HEADER, len(data) - 8):
        raise WeightsError("the upload must be a safetensors file, got another; convert it first")
    try:
        header = json.loads(data[8 : 8 + length])
        entries = {k: v for k, v in header.items() if k != "__metadata__"}
        ends = [int(value["data_offsets"][1]) for value in entries.values()]
        if max(ends, default=0) != len(data) - 8 - length:
            raise ValueError(ends)
        described = {k: (str(v["dtype"]), [int(n) for n in v["shape"]]) for k, v in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise WeightsError(
            "the upload is a damaged safetensors file: its header does not describe what follows; "
            "upload it again"
        ) from error
    return described


def _check_fit(header: Mapping[str, tuple[str, list[int]]], like: ModelRecord) -> None:
    """Compare names, shapes and kinds with those that the network has."""
    wanted, counters = _shapes(like)
    header = {k: v for k, v in header.items() if counters.get(k) != v[1]}
    what = f"the upload does not fit {like.architecture}"
    missing, unknown = sorted(wanted.keys() - header), sorted(header.keys() - wanted)
    if missing or unknown:
        lacks = f"it lacks {missing[0][:80]}" if missing else f"it also has {unknown[0][:80]}"
        raise WeightsError(
            f"{what}: {lacks} ({len(missing)} names missing, {len(unknown)} unknown)"
        )
    for name, (kind, shape) in header.items():
        if shape != wanted[name]:
            raise WeightsError(f"{what}: {name} must be {wanted[name]}, got {shape}")
        if kind not in FRACTIONS:
            raise WeightsError(f"{what}: {name} must be one of {', '.join(FRACTIONS)}, got {kind}")


def _shapes(like: ModelRecord) -> tuple[Mapping[str, list[int]], Mapping[str, list[int]]]:
    """Return the shapes of a network's weights; and apart those of counters, which none needs."""
    from advviz.models.architectures import build
    from advviz.models.checkpoints import COUNTER

    shapes = {k: list(v.shape) for k, v in build(like).state_dict().items()}
    counters = {k: shape for k, shape in shapes.items() if k.endswith(COUNTER)}
    return {k: shape for k, shape in shapes.items() if k not in counters}, counters


_uploads = Uploads()
_trained = Uploads(TRAINED_NUMBER, TRAINED_TOTAL)


def uploads() -> Uploads:
    """Return the process's uploads."""
    return _uploads


def trained() -> Uploads:
    """Return the networks that labs of this process trained, and that somebody keeps."""
    return _trained


def holder(model: str) -> Uploads:
    """Return who has a model: what labs trained, or else the uploads."""
    return _trained if _trained.holds(model) else _uploads
