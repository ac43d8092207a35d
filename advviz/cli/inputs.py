"""Images and numbers that a command line names."""

from pathlib import Path

from advviz.data import exact_files, sketches, uploads
from advviz.data.decoding import MAX_BYTES
from advviz.data.images import SAMPLE_PREFIX
from advviz.errors import InvalidInputError
from advviz.experiments.references import RESULT
from advviz.models.classes import find_class
from advviz.models.records import record

REFERENCES = (SAMPLE_PREFIX, sketches.PREFIX, uploads.PREFIX, RESULT)


def image_reference(word: str) -> str:
    """Turn a file's name into an image reference; hand references on.

    Raises:
        InvalidInputError: no file, or one that is neither a picture nor an attack's result.
    """
    if word.startswith(REFERENCES):
        return word
    try:
        with Path(word).open("rb") as file:
            data = file.read(exact_files.MAX_ARRAY_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidInputError(
            f"the image {word!r} cannot be read ({why}); give a file, or sample:ID of the gallery"
        ) from error
    try:
        if data.startswith(exact_files.SIGNATURE):
            return uploads.store_exact(exact_files.exact_pixels(data))
        if len(data) > MAX_BYTES:
            raise InvalidInputError(f"an image file may have at most {MAX_BYTES >> 20} MB")
        return uploads.store(data)
    except InvalidInputError as error:
        raise InvalidInputError(f"the image {word!r} cannot be used: {error}") from error


def class_named(model: str, words: str, *besides: str) -> str:
    """Turn what somebody calls a class into its id; hand words that name no class on.

    Args:
        model: the id of the model.
        words: an id, a name or a WordNet id of a class.
        besides: words with a meaning of their own, such as `any`.

    Raises:
        UnknownNameError: no such model, or it has no such class.
    """
    described = record(model)
    return words if words in besides else find_class(described, words)


def whole_number(name: str, word: str, low: int, high: int) -> int:
    """Read a whole number of an option that is no field of a spec.

    Raises:
        InvalidInputError: no whole number, or one outside [low, high].
    """
    try:
        value = int(word)
    except ValueError as error:
        raise InvalidInputError(f"{name} must be a whole number, got {word!r}") from error
    if not low <= value <= high:
        raise InvalidInputError(f"{name} must lie in [{low}, {high}], got {value}")
    return value
