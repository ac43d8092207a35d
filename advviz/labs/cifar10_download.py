"""Having CIFAR-10 on this machine: downloaded once, verified, resumed where it stopped."""

from collections.abc import Callable
from pathlib import Path

from advviz.data import cifar10
from advviz.errors import WeightsError
from advviz.models.downloads import Report, fetch_url

SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
"""Of the archive that torchvision unpacks."""


def fetch(report: Report | None = None) -> Path:
    """Download CIFAR-10 if it is not here, and unpack it where torchvision looks for it.

    Args:
        report: told of the bytes so far and in all; what it raises ends the download, and the
            next call takes it up where it stopped.

    Returns:
        The folder that holds it.

    Raises:
        WeightsError: no network, no room, or another file than was expected.
    """
    folder = cifar10.folder()
    if cifar10.is_here():
        return folder
    from torchvision.datasets import CIFAR10

    folder.mkdir(parents=True, exist_ok=True)
    fetch_url(CIFAR10.url, folder, SHA256, report)
    _unpack(lambda: CIFAR10(str(folder), download=True))
    return folder


def _unpack(unpack: Callable[[], object]) -> None:
    """Have torchvision unpack the file that is there: it downloads nothing any more."""
    try:
        unpack()
    except (RuntimeError, OSError) as error:
        raise WeightsError(
            f"CIFAR-10 was downloaded and could not be unpacked ({error}); make room, and try again"
        ) from error
