"""From a record of the zoo to weights that can be loaded: download, check, prune, keep."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from advviz.errors import WeightsError
from advviz.models import shelf
from advviz.models.model_record import HubCheckpoint, ModelRecord, TorchvisionWeights

if TYPE_CHECKING:
    from advviz.models.hub import HubFile

Report = Callable[[int, int | None], None]
"""Told the bytes so far, and the bytes in all if they are known."""
DOWNLOADS = "published"


def fetch(described: ModelRecord, report: Report | None = None) -> Path:
    """Have a model's weights on this machine, downloading them where they are not.

    Args:
        described: the model.
        report: told of the download's progress.

    Returns:
        The safetensors file that the loader reads.

    Raises:
        WeightsError: the model is not one that is fetched, the download failed, or what came
            does not fit its record; nothing is kept of it.
    """
    published = _published(described, report)
    kept = adopt(described, published)
    if isinstance(described.weights_origin, TorchvisionWeights):
        published.unlink(missing_ok=True)  # the hub's cache is shared; this folder is ours
    return kept


def adopt(described: ModelRecord, published: Path) -> Path:
    """Keep the network that is in a published checkpoint, and nothing else of it.

    Raises:
        WeightsError: the file does not fit the record.
    """
    from advviz.models.architectures import build
    from advviz.models.checkpoints import read_checkpoint

    state = read_checkpoint(published, described, build(described).state_dict())
    return shelf.keep(described, state, shelf.file_digest(published))


def remove(described: ModelRecord) -> bool:
    """Remove a fetched model from this machine, the published file as well.

    Returns:
        Whether its weights were there.

    Raises:
        WeightsError: the model was not fetched, so that it is not advviz's to remove.
    """
    from advviz.models import downloads

    there = shelf.remove(described)
    origin = described.weights_origin
    if isinstance(origin, HubCheckpoint):
        downloads.remove(_hub_file(origin))
    return there


def _hub_file(origin: HubCheckpoint) -> "HubFile":
    from advviz.models.hub import HubFile

    return HubFile(
        repository=origin.repository,
        revision=origin.revision,
        name=origin.file,
        sha256=origin.sha256,
        size=origin.size,
    )


def _published(described: ModelRecord, report: Report | None) -> Path:
    from advviz.models import downloads

    origin = described.weights_origin
    if isinstance(origin, HubCheckpoint):
        return downloads.fetch_hub(_hub_file(origin), report)
    if isinstance(origin, TorchvisionWeights):
        folder = downloads.models_folder() / DOWNLOADS
        return downloads.fetch_url(origin.url, folder, origin.sha256_prefix, report)
    raise WeightsError(f"{described.id} needs no download; its weights are {origin.kind}")
