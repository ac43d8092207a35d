"""Sheets for paper: boards as PNG files at 300 dots an inch."""

from collections.abc import Sequence

from advviz.pictures.arrays import Bytes
from advviz.pictures.photos import png
from advviz.pictures.sheets import sheet

DPI = 300
WIDTH = 3248
"""Dots across: 275 mm, an A4 page on its side with narrow margins."""
LARGEST = 512  # dots a side: 43 mm; of fewer pictures larger ones would only show the squares
TEXT, GAP = 36, 24  # dots: letters of 9 points; 2 mm


def printed(
    rows: Sequence[Sequence[Bytes]],
    *,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    captions: Sequence[Sequence[str]] = (),
) -> bytes:
    """Lay pictures out as `sheet` does, as large as a page is wide, and encode them as PNG.

    The file says its resolution, so that programs print it at its size; pictures are enlarged
    by whole factors, so that every pixel stays a square.

    Args:
        rows: uint8 [H, W, 3] pictures, row by row.
        row_labels: one line above each row, or none.
        column_labels: one line above each column, or none.
        captions: one line under each picture, in the shape of `rows`, or none.

    Raises:
        InvalidInputError: see `sheet`.
    """
    columns = max((len(row) for row in rows), default=1)
    cell = min(LARGEST, (WIDTH - GAP) // max(columns, 1) - GAP)
    page = sheet(
        rows,
        row_labels=row_labels,
        column_labels=column_labels,
        captions=captions,
        cell=cell,
        gap=GAP,
        text=TEXT,
    )
    return png(page, dpi=DPI)
