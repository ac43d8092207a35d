"""Weights from the network: whole, verified, and resumed where they stopped.

A file appears under its name only after its digest was checked. A download that fails says in
one sentence why, and where to put the file if it came another way.
"""

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from advviz.errors import InvalidInputError, WeightsError
from advviz.models import hub
from advviz.models.answers import TransferError
from advviz.models.digests import DigestBook, verify
from advviz.models.hub import HubFile
from advviz.models.locks import only_one
from advviz.models.transfer import Report, Source, complete, discard, promote

__all__ = ["HubFile", "Report", "fetch_hub", "fetch_url", "is_here", "models_folder", "remove"]

FULL = (errno.ENOSPC, errno.EDQUOT)


def models_folder() -> Path:
    """Return $ADVVIZ_MODELS, or the user's data folder; made when first written to."""
    named = os.environ.get("ADVVIZ_MODELS")
    if named:
        return Path(named)
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "advviz" / "models"


def fetch_hub(file: HubFile, report: Report | None = None) -> Path:
    """Return a file of the hub, as published and verified, downloading it if need be.

    A file that was put by hand into `models_folder()/OWNER--NAME/` is taken from there, any
    other from the hub's cache. Its digest is checked every time.

    Args:
        file: what is wanted; without a sha256, the one of its first use is demanded, and without
            a commit, the one that its branch was when a file of it was first downloaded.
        report: told of progress; what it raises ends the download and goes to the caller, and
            the next call takes it up where it stopped.

    Raises:
        WeightsError: no network, no such file, no room, or other bytes than were expected.
    """
    tell = report or _ignore
    file = _pinned(file)
    with _told(str(file), lambda: hub.address(file), _by_hand(file)):
        found = _found(file)
        if found is None:
            with only_one(_locks(), file.key, lambda: tell(0, file.size)):
                file = _pinned(file)
                found = _found(file)
                if found is None:
                    return _download(file, tell)
        return _checked(file, found)


def fetch_url(
    url: str, folder: Path, sha256_prefix: str | None, report: Report | None = None
) -> Path:
    """Return a file from the web, verified, downloading it if need be.

    Args:
        url: its last part is the file's name.
        folder: where the file is kept; made if there is none.
        sha256_prefix: at least 8 hexadecimal digits; None demands the digest of the first use.
        report: as for `fetch_hub`.

    Raises:
        InvalidInputError: no such address, or no such prefix.
        WeightsError: as for `fetch_hub`.
    """
    name, tell = _name(url), report or _ignore
    if sha256_prefix is not None and not re.fullmatch(r"[0-9a-f]{8,64}", sha256_prefix):
        raise InvalidInputError(
            f"the beginning of a sha256 has 8 to 64 hexadecimal digits, got {sha256_prefix!r}"
        )
    path = folder / name

    def check(candidate: Path, drop: Callable[[], None]) -> None:
        verify(_book(), candidate, name, url, sha256_prefix, None, drop)

    with _told(name, lambda: url, path):
        if not path.is_file():
            with only_one(_locks(), str(path.absolute()), lambda: tell(0, None)):
                if not path.is_file():
                    _download_url(url, path, tell, check)
                    return path
        check(path, path.unlink)
    return path


def is_here(file: HubFile) -> Path | None:
    """Return where a file of the hub is on this machine, or None; asks no network.

    Its size is looked at, its digest is not: `fetch_hub` checks that.
    """
    found = _found(_pinned(file))
    if found is None or file.size not in (None, found.stat().st_size):
        return None
    return found


def remove(file: HubFile) -> None:
    """Remove a file of the hub from this machine, and what there is of an unfinished one.

    The digest of its first use stays recorded.

    Raises:
        WeightsError: it may not be removed.
    """
    file = _pinned(file)
    try:
        with only_one(_locks(), file.key):
            _by_hand(file).unlink(missing_ok=True)
            hub.forget(file)
    except OSError as error:
        raise WeightsError(f"{file} was not removed: {_said(error)}; remove it by hand") from error


def _download(file: HubFile, tell: Report) -> Path:
    offer = hub.ask(file, tell)
    file = _pinned(file, offer.commit)
    blob = offer.blob

    def check(path: Path, drop: Callable[[], None]) -> None:
        verify(_book(), path, str(file), file.key, file.sha256, offer.sha256, drop)

    if blob.is_file():
        check(blob, blob.unlink)
    else:
        part = hub.unfinished(file, offer)
        part.parent.mkdir(parents=True, exist_ok=True)
        complete(hub.session, offer.source, part, tell)
        check(part, lambda: discard(part))
        promote(part, blob)
    path = hub.put_away(file, offer)
    return path if path.is_symlink() and path.samefile(blob) else _checked(file, path)


def _download_url(
    url: str, path: Path, tell: Report, check: Callable[[Path, Callable[[], None]], None]
) -> None:
    try:
        import httpx2
    except ImportError as error:
        raise WeightsError(hub.MISSING) from error
    part = path.with_name(f"{path.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    with httpx2.Client() as client:
        complete(lambda: client, Source(url), part, tell)
    check(part, lambda: discard(part))
    promote(part, path)


def _checked(file: HubFile, path: Path) -> Path:
    """Verify a file of the hub that is here, and return it."""
    by_hand = path == _by_hand(file)
    verify(
        _book(),
        path,
        str(path) if by_hand else str(file),
        file.key,
        file.sha256,
        hub.declared(path),
        None if by_hand else lambda: hub.forget(file, damaged=True),
    )
    return path


def _pinned(file: HubFile, commit: str | None = None) -> HubFile:
    """Return the file at the commit of its branch's first use; as it is, where there was none.

    Args:
        file: of any revision.
        commit: what its revision is now; recorded unless there is one already.
    """
    if file.is_pinned:
        return file
    book = DigestBook(models_folder() / "revisions.json", _locks())
    key = f"{file.repository}@{file.revision}"
    known = book.recorded(key) if commit is None else book.settle(key, commit)
    return file if known is None else replace(file, revision=known)


def _book() -> DigestBook:
    return DigestBook(models_folder() / "digests.json", _locks())


@contextmanager
def _told(what: str, address: Callable[[], str], place: Path) -> Iterator[None]:
    """Turn what went wrong into one sentence, with what to do."""
    try:
        yield
    except TransferError as error:
        remedy = error.remedy
        if error.elsewhere:
            remedy += f", or download {address()} on another machine and put it at {place}"
        raise WeightsError(f"{what} could not be downloaded: {error}; {remedy}") from error
    except OSError as error:
        remedy = "make room there" if error.errno in FULL else "check the folder"
        raise WeightsError(f"{what} could not be kept: {_said(error)}; {remedy}") from error


def _said(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{where}"


def _found(file: HubFile) -> Path | None:
    by_hand = _by_hand(file)
    return by_hand if by_hand.is_file() else hub.cached(file)


def _by_hand(file: HubFile) -> Path:
    """Return where a person puts a file that came from another machine."""
    return models_folder() / file.repository.replace("/", "--") / file.name


def _name(url: str) -> str:
    parts = urlsplit(url)
    name = unquote(parts.path).rpartition("/")[2]
    if parts.scheme not in ("http", "https") or not parts.netloc or name in ("", ".", ".."):
        raise InvalidInputError(f"an address of a file begins with https:// and names it: {url!r}")
    return name


def _locks() -> Path:
    return models_folder() / ".locks"


def _ignore(_done: int, _total: int | None) -> None:
    pass
