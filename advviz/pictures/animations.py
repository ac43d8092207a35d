"""Moving pictures: labelled frames as an animated GIF or WebP, for slides and web pages."""

from collections.abc import Sequence
from io import BytesIO
from typing import Literal, TypeAlias

from PIL import Image

from advviz.errors import InvalidInputError
from advviz.pictures.arrays import Bytes
from advviz.pictures.sheets import sheet

AnimationKind: TypeAlias = Literal["gif", "webp"]
KINDS: tuple[AnimationKind, ...] = ("gif", "webp")
COLOURS = 256  # all that a frame of a GIF has


def animation(
    frames: Sequence[Bytes],
    captions: Sequence[str],
    milliseconds: Sequence[int],
    kind: AnimationKind,
    *,
    title: str,
    cell: int = 320,
) -> bytes:
    """Encode frames, each with the title above and its caption below, as an endless loop.

    A WebP is lossless: its pixels are those of the frames, enlarged by a whole factor. A GIF has
    256 colours a frame, so it is for viewing only.

    Args:
        frames: uint8 [H, W, 3], all of one shape.
        captions: one a frame.
        milliseconds: how long each frame is shown, >= 20: browsers slow down shorter ones.
        kind: "gif" or "webp".
        title: one line above every frame.
        cell: pixels a side that a picture is given.

    Raises:
        InvalidInputError: no frames, another kind, or captions or times that do not match.
    """
    if kind not in KINDS:
        raise InvalidInputError(f"an animation is one of {', '.join(KINDS)}, got {kind!r}")
    if not frames or not len(frames) == len(captions) == len(milliseconds):
        raise InvalidInputError(
            "an animation must have at least one frame, and a caption and a time for each, "
            f"got {len(frames)}, {len(captions)} and {len(milliseconds)}"
        )
    pages = [
        Image.fromarray(sheet([[frame]], row_labels=[title], captions=[[caption]], cell=cell))
        for frame, caption in zip(frames, captions, strict=True)
    ]
    if kind == "gif":
        pages = [page.quantize(COLOURS, dither=Image.Dither.NONE) for page in pages]
    options = {"lossless": True, "quality": 30} if kind == "webp" else {}
    first, *rest = pages
    buffer = BytesIO()
    first.save(
        buffer,
        kind.upper(),
        save_all=True,
        append_images=rest,
        duration=list(milliseconds),
        loop=0,
        **options,
    )
    return buffer.getvalue()
