"""Digests of files: what a file's is, and what it was when the file was first used."""

import hashlib
import json
import secrets
from collections.abc import Callable
from pathlib import Path

from advviz.errors import WeightsError
from advviz.models.locks import only_one


def sha256_of(path: Path) -> str:
    """Read a file and return its sha256, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class DigestBook:
    """A JSON file with the sha256 of every file that was met before its digest was known.

    Several processes may share it: it is replaced as a whole, by one at a time.

    Args:
        path: of the JSON file; made when first written to.
        locks: the folder of its lock.
    """

    def __init__(self, path: Path, locks: Path) -> None:
        self.path, self._locks = path, locks

    def recorded(self, key: str) -> str | None:
        """Return the digest that was recorded, or None.

        Raises:
            WeightsError: the file is no book of digests; guessing would void every check.
        """
        return self._read().get(key)

    def settle(self, key: str, digest: str) -> str:
        """Record a digest, unless there is one already; return the one that holds."""
        with only_one(self._locks, str(self.path.absolute())):
            found = self._read()
            if key not in found:
                found[key] = digest
                self._write(found)
        return found[key]

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            found = None
        if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
            raise WeightsError(
                f"{self.path} should hold the digests of the files that were downloaded, and is no "
                "such file; restore it, or remove it to record them anew"
            )
        return found

    def _write(self, digests: dict[str, str]) -> None:
        partial = self.path.with_name(f"{self.path.name}-{secrets.token_hex(4)}.partial")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(json.dumps(digests, indent=1, sort_keys=True) + "\n", "utf-8")
            partial.replace(self.path)
        finally:
            partial.unlink(missing_ok=True)


def verify(
    book: DigestBook,
    path: Path,
    what: str,
    key: str,
    known: str | None,
    declared: str | None,
    drop: Callable[[], None] | None,
) -> None:
    """Compare a file with its digest: the known one, else that of its first use.

    Args:
        book: of digests; the first use is recorded in it.
        path: of the file.
        what: names it for people.
        key: names it in the book of digests.
        known: how its sha256 begins.
        declared: its sha256 as the server tells it, believed at first use only.
        drop: removes a file that is not the expected one; None leaves it.

    Raises:
        WeightsError: the digests differ.
    """
    digest, recorded = sha256_of(path), None if known else book.recorded(key)
    wanted = known or recorded or declared or digest
    if known is None and digest == wanted:
        wanted = recorded = book.settle(key, digest)
    if digest.startswith(wanted):
        return
    remedy = f"put the right file at {path}, or remove it"
    if drop is not None:
        remedy = "it was removed, so download it again"
        try:
            drop()
        except OSError:
            remedy = f"remove {path} and download it again"
    if recorded:
        remedy += f"; if the change is meant, remove {key} from {book.path} first"
    raise WeightsError(
        f"{what} is damaged or another file: its sha256 should begin {wanted[:12]}, "
        f"got {digest[:12]}; {remedy}"
    )
