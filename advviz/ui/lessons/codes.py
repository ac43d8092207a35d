"""QR codes: a link that a phone can take from the wall."""

from functools import lru_cache
from urllib.parse import urlsplit

import segno

from advviz.errors import InvalidInputError
from advviz.ui.language import say

HERE_ALONE = ("localhost", "127.0.0.1", "[::1]", "::1")
QUIET = 2  # modules of white around the code; a page is white there anyway


@lru_cache(256)
def data_uri(link: str) -> str:
    """Write a link as a QR code, as the address of an SVG picture.

    Raises:
        InvalidInputError: the link is longer than a code can hold.
    """
    try:
        code = segno.make(link, error="m", micro=False)
    except segno.DataOverflowError as error:
        raise InvalidInputError(
            f"a QR code holds about 2,300 letters, the link has {len(link)}; pass it on as text"
        ) from error
    found: str = code.svg_data_uri(border=QUIET, dark="#000", light="#fff", scale=4)
    return found


def advice(link: str) -> str:
    """Say who can follow a link, where not everybody can."""
    if urlsplit(link).hostname in HERE_ALONE:
        return say(
            "This address works on this machine alone. To let a class in, start the app with "
            "`--host 0.0.0.0` and open it by this machine's name."
        )
    return ""
