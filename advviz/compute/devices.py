"""The device that computes, found without importing torch: pages need it for their keys."""

import ctypes
import os
import platform
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from advviz.errors import InvalidInputError

CPU, CUDA = "cpu", "cuda"
VARIABLE = "ADVVIZ_DEVICE"


@cache
def device() -> str:
    """Return "cpu" or "cuda": $ADVVIZ_DEVICE, or else what this machine has.

    Raises:
        InvalidInputError: the variable names something else, or a device that is not there.
    """
    named = os.environ.get(VARIABLE, "auto")
    if named not in ("auto", CPU, CUDA):
        raise InvalidInputError(f"{VARIABLE} must be auto, cpu or cuda, got {named!r}")
    if named == CPU:
        return CPU
    found = _torch_has_cuda() and bool(_accelerator())
    if named == CUDA and not found:
        raise InvalidInputError(
            f"{VARIABLE} is cuda, but this machine has no GPU that the installed torch can use; "
            "set it to cpu"
        )
    return CUDA if found else CPU


@cache
def words() -> str:
    """Describe the device as far as the bytes of a result depend on it."""
    if device() == CUDA:
        return f"{_accelerator()}, pooled"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    # The instruction sets decide the order of a sum.
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return f"{platform.machine()} {flags}"


def _torch_has_cuda() -> bool:
    """Say whether the installed torch was built for CUDA, by reading its version file."""
    found = find_spec("torch")
    if found is None or found.origin is None:
        return False
    try:
        lines = Path(found.origin).with_name("version.py").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return any(line.startswith("cuda") and "None" not in line for line in lines)


@cache
def _accelerator() -> str:
    """Name the first CUDA device; empty where the driver finds none."""
    try:
        driver = ctypes.CDLL("libcuda.so.1" if os.name == "posix" else "nvcuda.dll")
    except OSError:
        return ""
    count, handle, name = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(128)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        return ""
    if driver.cuDeviceGet(ctypes.byref(handle), 0) or driver.cuDeviceGetName(name, 128, handle):
        return ""
    return name.value.decode()
