"""The key of a result: equal keys mean equal bytes on this machine."""

import hashlib
import json
import os
from functools import cache, lru_cache
from importlib.metadata import version

from advviz.compute import devices
from advviz.experiments.protocol import FAST, FAST_VERSION, NO_MODEL, Spec
from advviz.experiments.references import is_personal
from advviz.models.records import record
from advviz.models.shelf import digest

KEPT = 4096  # keys: a page asks for the same ones at every run


@cache
def environment() -> str:
    """Describe what else the bytes of a result depend on."""
    threads = os.environ.get("OMP_NUM_THREADS") or str(os.cpu_count())
    return f"torch {version('torch')}, {devices.words()}, {threads} threads"


def portable_key(spec: Spec) -> str:
    """Return what identifies a result up to the machine's rounding (hex, 160 bit).

    Raises:
        InvalidInputError: the spec names something that does not exist.
    """
    # An upload may be gone the next time, and then that has to be said.
    return _portable_key(spec) if is_personal(spec) else _kept_key(spec)


def _portable_key(spec: Spec) -> str:
    content = {"kind": spec.kind, "version": spec.version, "values": spec.resolved()}
    if spec.model != NO_MODEL:
        content["weights"] = digest(record(spec.model))
    if spec.numerics == FAST:
        content["fast copies"] = FAST_VERSION
    return _digest(json.dumps(content, sort_keys=True, separators=(",", ":")))


_kept_key = lru_cache(KEPT)(_portable_key)


def key_of(spec: Spec) -> str:
    """Return the cache key of a spec (hex, 160 bit).

    Raises:
        InvalidInputError: the spec names something that does not exist.
    """
    return _digest(f"{portable_key(spec)} on {environment()}")


def _digest(words: str) -> str:
    return hashlib.blake2b(words.encode(), digest_size=20).hexdigest()
