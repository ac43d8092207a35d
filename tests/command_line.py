"""What the tests of the command line share: how a command is called, and what it left."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from advviz.cli import main

ROOT = Path(__file__).resolve().parent.parent
STANDARD, ROBUST = "tiny14-standard", "tiny14-robust-l2"


def called(capsys, *words):
    """Run a command that succeeds; return what it printed."""
    code = main([str(word) for word in words])
    printed = capsys.readouterr()
    assert (code, printed.err) == (0, "")
    return printed.out


def complaint(capsys, *words):
    """Run a command that cannot be done; return its one sentence."""
    code = main([str(word) for word in words])
    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert printed.err.startswith("advviz: ")
    assert printed.err.count("\n") == 1
    return printed.err.removeprefix("advviz: ").rstrip("\n")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def process(*words, **options):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def png_file(path, side=80):
    values = np.random.default_rng(3).integers(0, 256, (side, side, 3)).astype(np.uint8)
    Image.fromarray(values).save(path)
    return path
