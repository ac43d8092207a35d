"""Results that ship with advviz, so that the first page is there at once.

They were computed by the engine on another machine (`python -m
advviz.evaluation.showcase`), so their key leaves the environment out: the same spec on
the same weights. *Recompute* in the app makes them anew.
"""

from pathlib import Path

from advviz.compute.files import DamagedFileError, from_bytes, to_bytes
from advviz.compute.keys import portable_key
from advviz.experiments.protocol import Spec
from advviz.experiments.result import Result
from advviz.resources import assets


def folder() -> Path:
    """Locate the shipped results."""
    return assets() / "results"


def read(spec: Spec) -> Result | None:
    """Return the shipped result of a spec, or None where none ships or it cannot be read.

    Raises:
        InvalidInputError: the spec names something that does not exist.
    """
    path = folder() / f"{portable_key(spec)}.safetensors"
    try:
        return from_bytes(path.read_bytes())
    except (OSError, DamagedFileError):
        return None


def write(spec: Spec, result: Result) -> Path:
    """Add a result to those that ship; the facts say so."""
    folder().mkdir(parents=True, exist_ok=True)
    path = folder() / f"{portable_key(spec)}.safetensors"
    shipped = Result(result.arrays, {**result.facts, "shipped": True})
    path.write_bytes(to_bytes(shipped))
    return path
