"""A catalogue of a pair and of rungs beside it: copies of the robust model under other names."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from advviz import resources
from advviz.models import ladders, model_record, records
from advviz.ui import price, rungs, setup

STANDARD, ROBUST = "tiny14-standard", "tiny14-robust-l2"
WEAKER, STRONGER = "tiny14-l2-0.25", "tiny14-l2-3"


@contextmanager
def catalogue_with(folder: Path, **added: dict[str, object]) -> Iterator[Path]:
    """Have the catalogue hold the first pair and some more; yield the folder of the files.

    Args:
        folder: an empty one.
        added: fields of a record that differ from those of the robust model, by any name.
    """
    models = folder / "models"
    models.mkdir()
    for model in (STANDARD, ROBUST):
        for path in (resources.assets() / "models").glob(f"{model}.*"):
            shutil.copy(path, models)
    robust = json.loads((models / f"{ROBUST}.json").read_text())
    for fields in added.values():
        file = f"{fields['id']}.safetensors"
        record = {**robust, "file": file, **fields}
        (models / f"{fields['id']}.json").write_text(json.dumps(record))
        shutil.copy(models / robust["file"], models / file)
    with (
        mock.patch.object(records, "assets", return_value=folder),
        mock.patch.object(model_record, "assets", return_value=folder),
    ):
        _forget()
        try:
            yield models
        finally:
            _forget()


def _forget() -> None:
    of_records = (records.bundled, records._merged)
    for known in (*of_records, ladders.ladders, setup._ladder, price.measured, rungs.row):
        known.cache_clear()


def rung(model: str, eps: float, **fields: object) -> dict[str, object]:
    """The fields of a rung that was trained against another strength."""
    return {"id": model, "title": model, "training_eps": eps, **fields}
