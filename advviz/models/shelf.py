"""Weights on this machine: where they lie, their digests, and how fetched ones are kept.

A fetched checkpoint is kept as a safetensors file of the network alone, beside a note with its
digest. The file counts as there once the note is.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advviz.errors import WeightsError
from advviz.models.model_record import FETCHED, BundledFile, ModelRecord, OwnFile

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = "ready"
COLON = "--"  # in the names of files
KEPT = 256  # notes: a key is asked for at every run of a page


def weights_path(described: ModelRecord) -> Path | None:
    """Locate the file that the loader reads; None for weights that are kept in memory.

    It need not be there.
    """
    origin = described.weights_origin
    if isinstance(origin, BundledFile):
        return described.weights
    if isinstance(origin, OwnFile):
        return Path(origin.path)
    return _ready(described.id) if isinstance(origin, FETCHED) else None


def is_on_disk(described: ModelRecord) -> bool:
    """Say whether a model can be loaded without a network; its digest is not checked."""
    path = weights_path(described)
    if path is None:
        return True
    return path.is_file() and (not _is_fetched(described) or _note(path).is_file())


def digest(described: ModelRecord) -> str:
    """Return the sha256 of the weights that the loader reads: a part of every result's key.

    Raises:
        WeightsError: the weights are not on this machine, or cannot be read.
    """
    origin = described.weights_origin
    if isinstance(origin, FETCHED):
        return str(_read_note(described)["sha256"])
    if isinstance(origin, OwnFile) and described.sha256 is None:
        return _first_digest(Path(origin.path))
    if described.sha256 is None:
        raise WeightsError(f"{described.id} has no digest of its weights; give its record one")
    return described.sha256


def keep(described: ModelRecord, state: Mapping[str, "Tensor"], checkpoint: str) -> Path:
    """Keep a fetched network: the file whole or not at all, and its note after it.

    Args:
        described: its record.
        state: its weights by the network's own names.
        checkpoint: sha256 of the file that they were published in.

    Returns:
        The file.

    Raises:
        WeightsError: it cannot be written; nothing is left behind.
    """
    from safetensors.torch import save

    path = _ready(described.id)
    data = save(dict(state))
    note = {
        "id": described.id,
        "sha256": hashlib.sha256(data).hexdigest(),
        "checkpoint_sha256": checkpoint,
        "origin": described.as_dict()["origin"],
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _note(path).unlink(missing_ok=True)
        _write(path, data)
        _write(_note(path), json.dumps(note, indent=2).encode() + b"\n")
    except OSError as error:
        raise WeightsError(
            f"{described.id} could not be kept in {path.parent}: {error.strerror}; "
            "make room, or give another folder with ADVVIZ_MODELS"
        ) from error
    return path


def named_here() -> tuple[str, ...]:
    """List the models on this machine that were fetched by their library's own name."""
    from advviz.models.downloads import models_folder

    notes = sorted((models_folder() / FOLDER).glob(f"*{COLON}*.json"))
    found = []
    for path in notes:
        try:
            found.append(str(_noted(path, path.stat().st_mtime_ns)["id"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # damaged: whoever asks for its model is told
    return tuple(found)


def remove(described: ModelRecord) -> bool:
    """Remove a fetched network; return whether there was one.

    Raises:
        WeightsError: the model was not fetched, so that it is not advviz's to remove.
    """
    path = weights_path(described)
    if path is None or not _is_fetched(described):
        raise WeightsError(
            f"{described.id} was not fetched and stays; only fetched models are removed"
        )
    there = is_on_disk(described)
    _note(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    return there


def is_whole(described: ModelRecord) -> bool:
    """Read a model's weights and say whether they have the digest that they should have.

    Raises:
        WeightsError: they are not on this machine.
    """
    path = weights_path(described)
    if path is None:
        return True
    wanted = digest(described)
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == wanted
    except OSError:
        return False


def file_digest(path: Path) -> str:
    """Return the sha256 of a file.

    Raises:
        WeightsError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path.name} cannot be read: {error.strerror}") from error


@cache
def _first_digest(path: Path) -> str:
    """Return the digest that a file had when this process first asked: catalogues are frozen."""
    return file_digest(path)


def _is_fetched(described: ModelRecord) -> bool:
    return isinstance(described.weights_origin, FETCHED)


def _ready(model: str) -> Path:
    from advviz.models.downloads import models_folder

    return models_folder() / FOLDER / f"{model.replace(':', COLON)}.safetensors"


def _note(path: Path) -> Path:
    return path.with_suffix(".json")


def _read_note(described: ModelRecord) -> Mapping[str, Any]:
    path = _ready(described.id)
    try:
        changed = _note(path).stat().st_mtime_ns
        return _noted(_note(path), changed)
    except FileNotFoundError as error:
        raise WeightsError(
            f"the weights of {described.id} are not on this machine; "
            f"run: advviz models fetch {described.id}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"the note beside the weights of {described.id} is damaged; "
            f"run: advviz models fetch {described.id}"
        ) from error


@lru_cache(KEPT)
def _noted(path: Path, _changed: int) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if len(found["sha256"]) != 64:
        raise ValueError(found["sha256"])
    return found


def _write(path: Path, data: bytes) -> None:
    partial = path.with_name(f"{path.name}-{secrets.token_hex(4)}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
