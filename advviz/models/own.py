"""The user's own models: a TOML record beside a weights file, in a folder given to the app."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from advviz.errors import AdvvizError, InvalidInputError
from advviz.models.checking import check_record
from advviz.models.layers import layers_of
from advviz.models.model_record import ModelRecord, OwnFile
from advviz.models.records import bundled
from advviz.models.vocabularies import CIFAR10, IMAGENET, TINY14, Vocabulary, cifar10, imagenet

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt")
LARGEST_RECORD = 4 * 2**20


@dataclass(frozen=True, slots=True)
class OwnModels:
    """What a folder holds.

    Args:
        records: of the models that can be used, by id.
        unusable: the others, by the name of their file, each with a sentence saying why.
    """

    records: Mapping[str, ModelRecord]
    unusable: Mapping[str, str]


def read_folder(folder: Path, taken: Mapping[str, ModelRecord]) -> OwnModels:
    """Read every record of a folder; one that is broken does not hide the others.

    Args:
        folder: with files NAME.toml, each beside its weights; it need not exist.
        taken: models whose ids are in use.
    """
    records: dict[str, ModelRecord] = {}
    unusable: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            found = read_own(path)
            if found.id in taken:
                raise InvalidInputError(
                    f"a model called {found.id} exists already; rename the files"
                )
            records[found.id] = found
        except (AdvvizError, OSError) as error:
            unusable[path.name] = f"{path.name} cannot be used: {error}"
    return OwnModels(MappingProxyType(records), MappingProxyType(unusable))


def read_own(path: Path) -> ModelRecord:
    """Read a record NAME.toml of the user's; NAME is the model's id.

    Raises:
        InvalidInputError: it is no such record, or its weights file is missing.
    """
    values = _parsed(path)
    vocabulary, classes = _vocabulary(values)
    architecture = values["architecture"]
    found = ModelRecord(
        id=path.stem,
        title=values.get("title", path.stem),
        family="yours",
        architecture=architecture,
        source=values.get("source", "a file of yours"),
        licence=values.get("licence", "not given"),
        citation=values.get("citation", ""),
        origin=OwnFile(path=str(_weights(path, values.get("weights")))),
        sha256=values.get("sha256"),
        input_size=values["input_size"],
        mean=tuple(values["mean"]),
        std=tuple(values["std"]),
        vocabulary=vocabulary,
        classes=classes.classes,
        wordnet_ids=classes.wordnet_ids,
        training_norm=values.get("training_norm"),
        training_eps=float(values.get("training_eps", 0.0)),
        augmented=values.get("augmented", False),
        layers=MappingProxyType(dict(values.get("layers", layers_of(architecture)))),
    )
    check_record(found)
    return found


def _parsed(path: Path) -> dict[str, Any]:
    if path.stat().st_size > LARGEST_RECORD:
        raise InvalidInputError(f"a record has at most {LARGEST_RECORD // 2**20} MiB")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(f"it is no TOML file: {' '.join(str(error).split())}") from error
    unknown = sorted(values.keys() - FIELDS.keys())
    if unknown:
        raise InvalidInputError(
            f"it has unknown fields: {', '.join(unknown)[:200]}; there are {', '.join(FIELDS)}"
        )
    for name in REQUIRED:
        if name not in values:
            raise InvalidInputError(f"it lacks the field {name}")
    for name, value in values.items():
        what, fits = FIELDS[name]
        if not fits(value):
            raise InvalidInputError(f"its field {name} must be {what}, got {repr(value)[:80]}")
    return values


def _vocabulary(values: Mapping[str, Any]) -> tuple[str, Vocabulary]:
    if ("classes" in values) == ("vocabulary" in values):
        raise InvalidInputError(
            "it must have either classes, a list of names, or vocabulary: "
            f"{', '.join(_VOCABULARIES)}"
        )
    if "classes" in values:
        return "own", Vocabulary(tuple(values["classes"]), MappingProxyType({}))
    return values["vocabulary"], _VOCABULARIES[values["vocabulary"]]()


def _weights(path: Path, named: str | None) -> Path:
    if named is not None:
        if Path(named).name != named or Path(named).suffix not in SUFFIXES:
            raise InvalidInputError(
                f"weights must name a file beside the record, {', '.join(SUFFIXES)}, got {named!r}"
            )
        candidates = [path.with_name(named)]
    else:
        candidates = [path.with_suffix(suffix) for suffix in SUFFIXES]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise InvalidInputError(f"there is no file {' or '.join(c.name for c in candidates)} beside it")


def _tiny14() -> Vocabulary:
    one = next(r for r in bundled().values() if r.vocabulary == TINY14)
    return Vocabulary(one.classes, one.wordnet_ids)


_VOCABULARIES: Mapping[str, Callable[[], Vocabulary]] = MappingProxyType(
    {IMAGENET: imagenet, CIFAR10: cifar10, TINY14: _tiny14}
)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_channels(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))


def _is_digest(value: Any) -> bool:
    return _is_text(value) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _is_layers(value: Any) -> bool:
    return isinstance(value, dict) and all(type(v) is int and v > 0 for v in value.values())


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


_TEXT = ("a text", _is_text)
_CHANNELS = ("a list of three numbers", _is_channels)
FIELDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = MappingProxyType(
    {
        "architecture": _TEXT,
        "input_size": ("a whole number", lambda value: type(value) is int),
        "mean": _CHANNELS,
        "std": _CHANNELS,
        "classes": ("a list of texts", _is_texts),
        "vocabulary": (
            f"one of {', '.join(_VOCABULARIES)}",
            lambda value: _is_text(value) and value in _VOCABULARIES,
        ),
        "title": _TEXT,
        "weights": _TEXT,
        "sha256": ("64 hexadecimal digits in small letters", _is_digest),
        "training_norm": _TEXT,
        "training_eps": ("a number", _is_number),
        "augmented": ("true or false", lambda value: isinstance(value, bool)),
        "licence": _TEXT,
        "source": _TEXT,
        "citation": _TEXT,
        "layers": ("a table of channel counts", _is_layers),
    }
)
REQUIRED = ("architecture", "input_size", "mean", "std")
