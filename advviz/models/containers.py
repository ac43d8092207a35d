"""What a weights file holds, whatever its format; nothing in it is ever executed."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from advviz.errors import WeightsError

LIMIT = 2**30
"""Bytes of the largest file that is read, and of what it unpacks to."""

_ZIP, _PICKLE = b"PK", b"\x80"
_PROTOCOL = 2  # of pickle: what PyTorch writes, and all that its careful reader knows
_LFS = b"version https://git-lfs"
_REFUSED = ("GLOBAL", "Unsupported class", "Trying to call", "Trying to load")
"""Words by which torch says that a pickle asks for more than numbers."""


def contents(path: Path) -> Any:
    """Read a file of tensors: safetensors, or a checkpoint of PyTorch's, new or legacy.

    Raises:
        WeightsError: it is missing, too large, damaged, of another format, or holds code.
    """
    head = _head(path)
    # First: the length with which such a file begins may look like the start of any other.
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= LIMIT:
        return _tensors(path)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<"):
        raise WeightsError(
            f"{path.name} is a web page instead of weights; download the file itself again"
        )
    if text.startswith(_LFS):
        raise WeightsError(
            f"{path.name} is a pointer of Git LFS instead of weights; fetch it with git lfs pull"
        )
    if head.startswith(_ZIP):
        _check_archive(path)
        return _unpickled(path)
    if head.startswith(_PICKLE):
        _check_protocol(path, head[:2])
        return _unpickled(path)
    raise WeightsError(
        f"{path.name} is no weights file; expected safetensors or a PyTorch checkpoint"
    )


def _head(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise WeightsError(f"{path.name} cannot be read: {error.strerror}") from error
    if size > LIMIT:
        raise WeightsError(
            f"{path.name} must have at most {LIMIT / 2**20:g} MiB, got {size / 2**20:,.0f} MiB; "
            "keep the weights alone, without the optimizer's state"
        )
    if not size:
        raise WeightsError(f"{path.name} is empty; download it again")
    return head


def _check_archive(path: Path) -> None:
    """Refuse an archive that unpacks to too much, that is a program, or that is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > LIMIT:
                raise WeightsError(
                    f"{path.name} must unpack to at most {LIMIT / 2**20:g} MiB, and claims more"
                )
            if any(member.filename.endswith("/constants.pkl") for member in members):
                raise WeightsError(
                    f"{path.name} is a TorchScript program, which is code; "
                    "save its state_dict instead"
                )
            for member in members:
                if member.filename.endswith("/data.pkl"):
                    _check_protocol(path, archive.open(member).read(2))
            damaged = archive.testzip()  # torch itself does not look at the check sums
    except WeightsError:
        raise
    except Exception as error:  # a damaged file makes the reader fail in any way
        raise _damaged(path) from error
    if damaged is not None:
        raise _damaged(path)


def _unpickled(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if any(words in str(error) for words in _REFUSED):
            raise _not_only_numbers(path) from error
        raise _damaged(path) from error
    except Exception as error:  # a damaged file makes the reader fail in any way
        raise _damaged(path) from error


def _tensors(path: Path) -> Mapping[str, Any]:
    try:
        tensors: Mapping[str, Any] = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path) from error
    return tensors


def _check_protocol(path: Path, start: bytes) -> None:
    if start != _PICKLE + bytes([_PROTOCOL]):
        raise _not_only_numbers(path)


def _not_only_numbers(path: Path) -> WeightsError:
    return WeightsError(
        f"{path.name} holds code or objects beside its numbers, and none of it was run; "
        "save the weights alone, best as safetensors"
    )


def _damaged(path: Path) -> WeightsError:
    return WeightsError(
        f"{path.name} is damaged or cut short: it cannot be read as weights; download it again"
    )
