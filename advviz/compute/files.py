"""A result as a file: safetensors, with the facts and a digest of everything in its header."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load, save

from advviz.errors import AdvvizError
from advviz.experiments.result import Array, Result


class DamagedFileError(AdvvizError):
    """A result's file that is cut short, changed, or no result at all."""


def to_bytes(result: Result) -> bytes:
    """Write a result; the same result gives the same digest."""
    facts = json.dumps(dict(result.facts), sort_keys=True)
    metadata = {"facts": facts, "digest": _digest(result.arrays, facts)}
    return save(dict(result.arrays), metadata=metadata)


def from_bytes(data: bytes) -> Result:
    """Read a result, and check it against its digest.

    Raises:
        DamagedFileError: anything but what `to_bytes` wrote.
    """
    try:
        metadata = _metadata(data)
        facts, digest = metadata["facts"], metadata["digest"]
        arrays = load(data)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise DamagedFileError(f"the file is no result of advviz: {error}") from error
    if digest != _digest(arrays, facts):
        raise DamagedFileError("the file has changed since it was written: its digest differs")
    return Result.of(arrays, json.loads(facts))


def _metadata(data: bytes) -> Any:
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length])["__metadata__"]


def _digest(arrays: Mapping[str, Array], facts: str) -> str:
    digest = hashlib.blake2b(facts.encode(), digest_size=20)
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"|{name}|{array.dtype.str}|{array.shape}|".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
