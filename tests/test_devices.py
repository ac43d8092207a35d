"""The device that computes is known before torch is, and is part of every key."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from advviz.compute import devices, keys
from advviz.errors import InvalidInputError


@pytest.fixture(autouse=True)
def forgotten():
    """Look anew before and after each test."""
    for known in (devices.device, devices.words, keys.environment):
        known.cache_clear()
    yield
    for known in (devices.device, devices.words, keys.environment):
        known.cache_clear()


@pytest.fixture
def gpu(monkeypatch):
    """Pretend that there is one."""
    monkeypatch.setattr(devices, "_accelerator", lambda: "Pretended GPU")
    monkeypatch.setattr(devices, "_torch_has_cuda", lambda: True)


@pytest.mark.usefixtures("gpu")
def test_a_gpu_is_used_unless_the_cpu_is_asked_for(monkeypatch):
    assert devices.device() == "cuda"
    devices.device.cache_clear()
    monkeypatch.setenv("ADVVIZ_DEVICE", "cpu")
    assert devices.device() == "cpu"


def test_without_a_gpu_it_is_the_cpu(monkeypatch):
    monkeypatch.setattr(devices, "_accelerator", lambda: "")
    assert devices.device() == "cpu"


@pytest.mark.usefixtures("gpu")
def test_a_torch_without_cuda_leaves_the_gpu_alone(monkeypatch):
    monkeypatch.setattr(devices, "_torch_has_cuda", lambda: False)
    assert devices.device() == "cpu"


@pytest.mark.parametrize(
    ("named", "sentence"),
    [("cuda", "no GPU that the installed torch can use"), ("tpu", "must be auto, cpu or cuda")],
)
def test_a_device_that_is_not_there_is_one_sentence(monkeypatch, named, sentence):
    monkeypatch.setattr(devices, "_accelerator", lambda: "")
    monkeypatch.setenv("ADVVIZ_DEVICE", named)
    with pytest.raises(InvalidInputError, match=sentence):
        devices.device()


@pytest.mark.usefixtures("gpu")
def test_results_of_a_gpu_and_of_a_cpu_have_different_keys(monkeypatch):
    on_gpu = keys.environment()
    assert "Pretended GPU, pooled" in on_gpu
    forgotten_now = (devices.device, devices.words, keys.environment)
    for known in forgotten_now:
        known.cache_clear()
    monkeypatch.setenv("ADVVIZ_DEVICE", "cpu")
    assert keys.environment() != on_gpu
    assert "pooled" not in keys.environment()


def test_looking_for_a_gpu_loads_no_torch():
    words = "import sys; from advviz.compute import devices; devices.words()"
    words += "; sys.exit('torch' in sys.modules)"
    root = str(Path(__file__).resolve().parent.parent)
    variables = os.environ | {"PYTHONPATH": root}
    assert subprocess.run([sys.executable, "-c", words], env=variables, check=False).returncode == 0
