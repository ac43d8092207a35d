"""What a record must say before its model may be used."""

import re
from collections import Counter
from collections.abc import Sequence
from math import isfinite

from advviz.errors import InvalidInputError
from advviz.models.model_record import ModelRecord

IDS = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
SIZES = (8, 1024)
MOST_CLASSES = 50_000
NORMS = ("l2", "linf", "l1")


def check_record(described: ModelRecord) -> None:
    """Refuse a record of the user's that cannot be worked with.

    Raises:
        InvalidInputError: a value is out of range, in one sentence.
    """
    if not IDS.fullmatch(described.id):
        raise InvalidInputError(
            "a model's id has up to 64 small letters, digits, dots, hyphens and underscores, "
            f"got {described.id[:80]!r}"
        )
    low, high = SIZES
    if not low <= described.input_size <= high:
        raise InvalidInputError(
            f"input_size must lie in [{low}, {high}], got {described.input_size}"
        )
    _check_classes(described.classes)
    _check_numbers("mean", described.mean)
    _check_numbers("std", described.std)
    if min(described.std) <= 0:
        raise InvalidInputError(f"std must be > 0, got {list(described.std)}")
    _check_training(described)


def _check_classes(classes: Sequence[str]) -> None:
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise InvalidInputError(
            f"classes must name 2 to {MOST_CLASSES} classes, got {len(classes)}"
        )
    if not all(name.strip() and len(name) <= 100 and name.isprintable() for name in classes):
        raise InvalidInputError("classes must be words of up to 100 characters, got another")
    name, times = Counter(classes).most_common(1)[0]
    if times > 1:
        raise InvalidInputError(f"classes must differ, got {name!r} {times} times")


def _check_numbers(name: str, values: Sequence[float]) -> None:
    if len(values) != 3 or not all(isfinite(value) for value in values):
        raise InvalidInputError(f"{name} must be three numbers, one a channel, got {list(values)}")


def _check_training(described: ModelRecord) -> None:
    norm, eps = described.training_norm, described.training_eps
    if norm is None and eps != 0:
        raise InvalidInputError(f"training_eps {eps} needs a training_norm: {', '.join(NORMS)}")
    if norm is not None and norm not in NORMS:
        raise InvalidInputError(f"training_norm must be one of {', '.join(NORMS)}, got {norm!r}")
    if norm is not None and not (isfinite(eps) and eps > 0):
        raise InvalidInputError(f"training_eps must be finite and > 0 with a norm, got {eps}")
    if described.augmented and norm is not None:
        raise InvalidInputError(
            "a model is augmented or adversarially trained, not both; leave one out"
        )
