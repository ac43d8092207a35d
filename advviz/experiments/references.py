"""References to images: of the gallery, of an upload, or the result of another experiment."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from advviz.data import gallery, images, uploads
from advviz.experiments.codec import from_link
from advviz.experiments.fields import check
from advviz.experiments.protocol import ImageSpec, Spec
from advviz.experiments.result import Result
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
    from advviz.experiments.specs import AttackSpec, VisualizeSpec

    kinds = {spec.kind: spec for spec in (AttackSpec, VisualizeSpec)}
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
    """Return the class that a gallery image is known to show, if the model knows the class."""
    for made in made_by(image):
        return made.true_class(described)
    if not image.startswith(images.SAMPLE_PREFIX):
        return None
    known = gallery.sample(image.removeprefix(images.SAMPLE_PREFIX)).true_class
    return known if known in described.classes else None


def is_personal(spec: Spec) -> bool:
    """Say whether a spec uses somebody's upload, of which nothing must reach a disk."""
    if spec.model.startswith(MODEL_UPLOAD):
        return True
    named = (getattr(spec, "image", ""), getattr(spec, "start", ""))
    return any(name.startswith(uploads.PREFIX) for name in named) or any(
        is_personal(needed) for needed in spec.prerequisites()
    )
