"""Files that an attack was saved in: what they hold, and the set-up that they name."""

from dataclasses import dataclass

from advviz import pictures
from advviz.data import exact_files, images, uploads
from advviz.errors import AdvvizError
from advviz.experiments import links
from advviz.experiments.specs import AttackSpec
from advviz.models.records import record


@dataclass(frozen=True, slots=True)
class SavedFile:
    """What was brought: references to pixels, and the set-up that the file names.

    Args:
        image: reference of its picture.
        is_exact: it holds floats (NPZ), not 8 bits (PNG).
        spec: the attack that it says it comes from, or None.
        original: reference of what was attacked, where that is known here.
    """

    image: str
    is_exact: bool
    spec: AttackSpec | None
    original: str | None


def read(data: bytes) -> SavedFile:
    """Read a PNG or NPZ file that was saved here, or any other picture.

    Raises:
        InvalidInputError: the file cannot be used.
    """
    if not data.startswith(exact_files.SIGNATURE):
        spec = _attack_of(pictures.note_of(data))
        return SavedFile(uploads.store(data), False, spec, _original_of(spec))
    arrays = exact_files.exact_arrays(data)
    image = uploads.store_exact(exact_files.exact_pixels(data))
    link = arrays.get(exact_files.LINK)
    spec = _attack_of(str(link) if link is not None and link.dtype.kind == "U" else None)
    if exact_files.ORIGINAL in arrays:
        return SavedFile(image, True, spec, uploads.store_exact(arrays[exact_files.ORIGINAL]))
    return SavedFile(image, True, spec, _original_of(spec))


def _attack_of(note: str | None) -> AttackSpec | None:
    """Return the attack that a note names, if it is one that can be looked up here."""
    if note is None:
        return None
    try:
        spec = links.from_link(note)
        if not isinstance(spec, AttackSpec):
            return None
        record(spec.model)
    except AdvvizError:
        return None
    return spec


def _original_of(spec: AttackSpec | None) -> str | None:
    if spec is None:
        return None
    try:
        images.load(spec.image, record(spec.model).input_size)
    except AdvvizError:  # an upload that is gone, or the result of another experiment
        return None
    return spec.image
