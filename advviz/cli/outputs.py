"""Files and lines that a command leaves; files all or none, and none half-written."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from advviz.errors import InvalidInputError


def distances(facts: Mapping[str, Any]) -> dict[str, float]:
    """Return the measured distances of an attack; that in L1 where its ball was one in L1."""
    return {norm: facts[norm] for norm in ("l1", "l2", "linf") if norm in facts}


def check_folder(path: Path) -> None:
    """Raise InvalidInputError unless files can be put into a folder that is, or can be made."""
    there = next((p for p in (path, *path.absolute().parents) if p.exists()), Path("/"))
    if not there.is_dir():
        raise InvalidInputError(f"{path} cannot be a folder, because {there} is a file")
    if not os.access(there, os.W_OK):
        raise InvalidInputError(f"nothing can be written into {there}; choose another folder")


def check_file(path: Path, suffix: str) -> None:
    """Raise InvalidInputError unless a file of that kind can be written."""
    if path.suffix.lower() != suffix:
        raise InvalidInputError(f"the file to write must end in {suffix}, got {str(path)!r}")
    if path.is_dir():
        raise InvalidInputError(f"the file to write must not be a folder, got {str(path)!r}")
    check_folder(path.parent)


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write files, and the folders they need; on failure nothing is left behind.

    Raises:
        InvalidInputError: the system refuses.
    """
    made: list[Path] = []
    partial = {path: path.with_name(f".{path.name}.{os.getpid()}.partial") for path in files}
    for path in files:
        if path.is_dir():  # the first files would be in place before this one is refused
            raise InvalidInputError(f"{path} is a folder and cannot be replaced by a file")
    try:
        for path, data in files.items():
            _make_folder(path.parent, made)
            partial[path].write_bytes(data)
        for path, written in partial.items():
            written.replace(path)
    except BaseException as error:
        _undo(partial.values(), made)
        if isinstance(error, OSError):
            raise InvalidInputError(
                f"{error.filename} cannot be written: {error.strerror}; choose another place"
            ) from error
        raise


def _make_folder(folder: Path, made: list[Path]) -> None:
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        made.append(path)


def _undo(partial: Any, made: list[Path]) -> None:
    for path in partial:
        path.unlink(missing_ok=True)
    for folder in reversed(made):
        with suppress(OSError):
            folder.rmdir()


def npz(arrays: Mapping[str, Any]) -> bytes:
    """Encode arrays exactly; the same arrays give the same bytes."""
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def verdict(logits: Any, classes: tuple[str, ...]) -> dict[str, Any]:
    """Say which class logits [K] mean, and with which probability."""
    shifted = np.asarray(logits, np.float64) - np.max(logits)
    probabilities = np.exp(shifted) / np.exp(shifted).sum()
    best = int(probabilities.argmax())
    return {"label": classes[best], "confidence": float(probabilities[best])}


def said(of: Mapping[str, Any]) -> str:
    """Write a verdict for people."""
    return f"{of['label']} {of['confidence']:.1%}"


def print_json(value: Any) -> None:
    """Print one JSON value."""
    print(json.dumps(value, indent=2, allow_nan=False))
