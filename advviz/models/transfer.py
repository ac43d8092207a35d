"""Bytes from an address into a file, taken up again where they stopped.

Whatever has come stays in the unfinished file: a connection that breaks, a visitor who stops
the download and a process that is killed cost nothing of what was already there. The caller
checks the digest of the whole before it gives the file its name.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from advviz.models.answers import (
    HTML_CLAUSE,
    NotNowError,
    TransferError,
    check_status,
    is_html,
    starts_at,
    whole_size,
)
from advviz.models.persistence import persist

if TYPE_CHECKING:
    import httpx2

Report = Callable[[int, int | None], None]
"""Told the bytes so far and those in all, if known, in any thread; raises to cancel."""

CONNECTING, SILENCE = 10.0, 20.0  # seconds to wait for a connection, and for its next bytes
SPARE = 32 * 2**20  # bytes that a download leaves free on the disk


@dataclass(frozen=True, slots=True)
class Source:
    """Where bytes come from.

    Args:
        url: of the file.
        size: in bytes, if it is known beforehand.
        headers: to send with every request.
    """

    url: str
    size: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Name the server."""
        return urlsplit(self.url).netloc


def complete(
    session: Callable[[], "httpx2.Client"], source: Source, part: Path, report: Report
) -> None:
    """Fetch what an unfinished file lacks; on return it is as long as the server says.

    Args:
        session: gives the client for a request.
        source: of the bytes.
        part: the unfinished file, or where it will be; what has come is kept when this fails.
        report: told of every piece that comes, and while nothing comes.

    Raises:
        TransferError: the server refuses, or does not answer, the last time either.
        OSError: the disk is full or cannot be written to.
    """
    persist(
        lambda: _pour(session(), source, part, report),
        source.host,
        lambda: size_of(part),
        lambda: report(size_of(part), source.size),
    )


def need_room(folder: Path, wanted: int) -> None:
    """Refuse a download that the disk cannot hold.

    Args:
        folder: on the disk.
        wanted: bytes that are still to come.

    Raises:
        TransferError: a clause with both sizes.
    """
    free = shutil.disk_usage(folder).free
    if wanted + SPARE > free:
        raise TransferError(
            f"it needs {(wanted + SPARE) / 2**20:.0f} MiB in {folder}, where "
            f"{free / 2**20:.0f} MiB are free",
            "make room",
            elsewhere=False,
        )


def size_of(part: Path) -> int:
    """Return how many bytes of an unfinished file are there; 0 if there is none."""
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def discard(part: Path) -> None:
    """Remove an unfinished file and what is known of it."""
    part.unlink(missing_ok=True)
    _tag_of(part).unlink(missing_ok=True)


def promote(part: Path, path: Path) -> None:
    """Give a file that is whole its name, at once."""
    part.replace(path)
    _tag_of(part).unlink(missing_ok=True)


def _pour(client: "httpx2.Client", source: Source, part: Path, report: Report) -> None:
    """Make one request, and write what comes of it until it ends or breaks."""
    import httpx2

    if source.size is not None and size_of(part) > source.size:
        discard(part)
    have = size_of(part)
    if have and have == source.size:
        return
    with client.stream(
        "GET",
        source.url,
        headers=dict(source.headers) | _resuming(part),
        timeout=httpx2.Timeout(SILENCE, connect=CONNECTING),
        follow_redirects=True,
    ) as response:
        if response.status_code == 416 and have == whole_size(response) and source.size is None:
            return
        total = _accept(response, source, part)
        if total is not None:
            need_room(part.parent, total - size_of(part))
        _write(response, source, part, total, report)
    if total is not None and size_of(part) < total:
        raise NotNowError(f"{source.host} ended the file after {size_of(part)} of {total} bytes")


def _accept(response: "httpx2.Response", source: Source, part: Path) -> int | None:
    """Check an answer before its body, and make the unfinished file end where it begins.

    Returns:
        The size of the whole file in bytes, if it is known.
    """
    have, total = size_of(part), whole_size(response)
    if response.status_code == 416 and have:
        discard(part)
        raise NotNowError(f"{source.host} cannot go on after {have} bytes")
    check_status(response.status_code, source.host)
    if is_html(response.headers.get("Content-Type", "")):
        raise TransferError(HTML_CLAUSE.format(host=source.host))
    if None not in (total, source.size) and total != source.size:
        raise TransferError(f"{source.host} offers {total} bytes where {source.size} are expected")
    begins = starts_at(response)
    if begins != have:
        discard(part)
        if begins:
            raise NotNowError(f"{source.host} went on at byte {begins} instead of {have}")
    return total if total is not None else source.size


def _write(
    response: "httpx2.Response", source: Source, part: Path, total: int | None, report: Report
) -> None:
    """Append the body of an answer to the unfinished file, piece by piece as it comes."""
    have, pieces = size_of(part), response.iter_bytes()
    if not have:
        first = next(pieces, b"")
        if is_html("", first):
            raise TransferError(HTML_CLAUSE.format(host=source.host))
        _remember(part, response.headers.get("ETag", ""))
        pieces = chain([first], pieces)
    report(have, total)
    with part.open("ab") as file:
        for piece in pieces:
            file.write(piece)
            have += len(piece)
            report(have, total)
        file.flush()
        os.fsync(file.fileno())


def _resuming(part: Path) -> dict[str, str]:
    """Return the headers that ask for the bytes which an unfinished file lacks."""
    headers = {"Accept-Encoding": "identity"}  # places in the file are counted uncompressed
    have = size_of(part)
    if have:
        headers["Range"] = f"bytes={have}-"
        if _tag_of(part).exists():
            headers["If-Range"] = _tag_of(part).read_text(encoding="ascii")
    return headers


def _remember(part: Path, tag: str) -> None:
    """Keep a strong ETag beside the unfinished file: whether the server still has the same."""
    if tag.startswith('"') and tag.isascii():
        _tag_of(part).write_text(tag, encoding="ascii")
    else:
        _tag_of(part).unlink(missing_ok=True)


def _tag_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")
