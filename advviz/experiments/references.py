"""References to images: of the gallery, of an upload, or the result of another experiment."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from advviz.data import gallery, images, picture_folder, uploads
from advviz.experiments.codec import from_link
from advviz.experiments.protocol import ImageSpec, Spec
from advviz.experiments.result import Result
from advviz.fields import check
from advviz.models.classes import known_class, meant_classes
from advviz.models.records import ModelRecord, record
from advviz.models.shelf import digest
from advviz.models.uploaded import PREFIX as MODEL_UPLOAD

RESULT = "result:"
KEPT = 512  # references read: a page asks for the same ones several times in a run


class FromImage:
    """What every spec that starts from an image has in common."""

    __slots__ = ()
    model: str
    image: str

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check(self)

    def prerequisites(self) -> tuple[Spec, ...]:
        """List the experiment whose result is the image."""
        return made_by(self.image)


@lru_cache(KEPT)
def made_by(image: str) -> tuple[ImageSpec, ...]:
    """Return the experiment whose result an image reference names, if it names one."""
    if not image.startswith(RESULT):
        return ()
    # Here and not above: specs refer to images, and images to specs.
    from advviz.experiments.inversion import InvertSpec
    from advviz.experiments.specs import AttackSpec, VisualizeSpec

    kinds = {spec.kind: spec for spec in (AttackSpec, VisualizeSpec, InvertSpec)}
    return (from_link(image.removeprefix(RESULT), kinds),)


def pixels(image: str, described: ModelRecord, results: Sequence[Result]) -> Any:
    """Return the pixels [3, S, S] float32 that an image reference stands for."""
    for made in made_by(image):
        return results[0].arrays[made.makes]
    return images.load(image, described.input_size).pixels


def image_key(image: str, described: ModelRecord) -> Any:
    """Return what identifies an image's pixels: their digest, or how they are computed."""
    for made in made_by(image):
        weights = digest(record(made.model))
        return {"kind": made.kind, "version": made.version, "weights": weights, **made.resolved()}
    return images.load(image, described.input_size).digest


def true_class(image: str, described: ModelRecord) -> str | None:
    """Return the class that an image is known to show, if the model has a class for it.

    What a gallery image shows is known; of a picture of the owner's folder, the sub-folder's
    name is believed, where it is a class's name or WordNet id.
    """
    for made in made_by(image):
        return made.true_class(described)
    if image.startswith(uploads.PREFIX):
        return class_of_folder(picture_folder.groups_of(image), described)
    if not image.startswith(images.SAMPLE_PREFIX):
        return None
    shows = gallery.sample(image.removeprefix(images.SAMPLE_PREFIX)).shows
    return known_class(described, shows.values())


def class_of_folder(names: Iterable[str], described: ModelRecord) -> str | None:
    """Return the class that a picture's folders are named after, the outermost one first."""
    meant = (meant_classes(described, name) for name in names)
    return next((found[0] for found in meant if len(found) == 1), None)


def is_personal(spec: Spec) -> bool:
    """Say whether a spec uses what is somebody's own, of which nothing must reach a disk.

    That is an uploaded model or picture, or a picture of the folder that the owner of the app
    offers.
    """
    if spec.model.startswith(MODEL_UPLOAD) or getattr(spec, "is_personal", False):
        return True
    named = (getattr(spec, "image", ""), getattr(spec, "start", ""))
    return any(name.startswith(uploads.PREFIX) for name in named) or any(
        is_personal(needed) for needed in spec.prerequisites()
    )
