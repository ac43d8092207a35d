"""Contact sheets: many pictures in a labelled grid, for human eyes."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from advviz.errors import InvalidInputError
from advviz.pictures.arrays import Bytes

FONT_SIZE = 13
LINE = 18
INK = (20, 22, 28)

SPELLED = str.maketrans({"→": "->", "×": "x", "–": "-", "✗": "x", "✓": "ok", "ε": "eps", "◐": "~"})
"""Pillow's own font, the only one that is everywhere, lacks these signs."""


def sheet(
    rows: Sequence[Sequence[Bytes]],
    *,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    captions: Sequence[Sequence[str]] = (),
    cell: int = 192,
    gap: int = 8,
    text: int = FONT_SIZE,
) -> Bytes:
    """Lay pictures out in a grid with labels, on white.

    A picture is enlarged by the largest whole factor that fits its cell (nearest neighbour);
    one that is larger than a cell is reduced. Rows may differ in length.

    Args:
        rows: uint8 [H, W, 3] pictures, row by row.
        row_labels: one line above each row, or none.
        column_labels: one line above each column, or none.
        captions: one line under each picture, in the shape of `rows`, or none.
        cell: pixels a side that a picture is given.
        gap: pixels between cells and around the sheet.
        text: size of the letters in pixels.

    Returns:
        uint8 [H, W, 3].

    Raises:
        InvalidInputError: no picture, or labels whose number is not that of the rows, the
            columns or the pictures.
    """
    width = max((len(row) for row in rows), default=0)
    if width == 0:
        raise InvalidInputError("a sheet must have at least one picture, got none")
    _check_count("row_labels", row_labels, len(rows))
    _check_count("column_labels", column_labels, width)
    _check_count("captions", captions, len(rows))
    for row, texts in zip(rows, captions, strict=False):
        _check_count("captions of a row", texts, len(row))

    line = round(LINE * text / FONT_SIZE)
    above, below = line * bool(row_labels), line * bool(captions)
    pitch = above + cell + below + gap
    lefts = [gap + column * (cell + gap) for column in range(width)]
    tops = [gap + line * bool(column_labels) + row * pitch for row in range(len(rows))]
    page = Image.new("RGB", (lefts[-1] + cell + gap, tops[-1] + pitch), "white")
    for left, label in zip(lefts, column_labels, strict=False):
        _write(page, (left, gap), label, text)
    for top, label in zip(tops, row_labels, strict=False):
        _write(page, (gap, top), label, text)
    for top, row in zip(tops, rows, strict=True):
        for left, picture in zip(lefts, row, strict=False):
            page.paste(_fitted(picture, cell), (left, top + above))
    for top, texts in zip(tops, captions, strict=False):
        for left, words in zip(lefts, texts, strict=False):
            _write(page, (left, top + above + cell + 1), words, text)
    return np.asarray(page).copy()


def _write(page: Image.Image, place: tuple[int, int], words: str, size: int) -> None:
    font = ImageFont.load_default(size=size)
    ImageDraw.Draw(page).text(place, words.translate(SPELLED), fill=INK, font=font)


def _check_count(name: str, given: Sequence[object], expected: int) -> None:
    if given and len(given) != expected:
        raise InvalidInputError(f"{name} must have {expected} entries or none, got {len(given)}")


def _fitted(picture: Bytes, cell: int) -> Image.Image:
    image = Image.fromarray(picture)
    longest = max(image.size)
    if longest > cell:
        image.thumbnail((cell, cell), Image.Resampling.LANCZOS)
        return image
    factor = cell // longest
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
