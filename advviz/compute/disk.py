"""Results on disk: one file a key, written whole or not at all, verified when read.

Several processes may share a folder. Nothing is locked: a file appears under its name by
`os.replace`, which is atomic, and whoever finds one damaged removes it. A file's last use is
its modification time; when the folder is over its limit, the least recently used leave.
"""

import logging
import os
import platform
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from advviz.compute.files import DamagedFileError, from_bytes, to_bytes
from advviz.experiments.result import Result

LIMIT = 2 * 2**30  # bytes
ROOM = 0.9  # share of the limit that an eviction leaves
LEFTOVER_AGE = 600.0  # seconds after which any unfinished file belongs to a dead writer
SUFFIX, PARTIAL = ".safetensors", ".partial"
log = logging.getLogger(__name__)


def default_folder() -> Path:
    """Return $ADVVIZ_CACHE, or the user's cache folder."""
    named = os.environ.get("ADVVIZ_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "advviz" / "results"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a folder of results holds."""

    folder: Path
    results: int
    bytes: int
    leftovers: int  # files of writers that died, not yet removed


class DiskCache:
    """Results in a folder, bounded by bytes.

    Args:
        folder: made when first written to.
        limit: bytes that may stay.
    """

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder, self.limit = folder, limit
        self._until_scan = 0  # bytes that may be written before the folder is measured again

    def get(self, key: str) -> Result | None:
        """Return a result; a damaged file is removed and counts as none."""
        path = self._path(key)
        try:
            result = from_bytes(path.read_bytes())
            os.utime(path)
        except DamagedFileError as error:
            log.warning("a cached result is not used: %s", error)
            _remove(path)
            return None
        except OSError:
            return None
        return result

    def put(self, key: str, result: Result) -> None:
        """Keep a result; a disk that is full or read-only is logged, and nothing is kept."""
        path = self._path(key)
        partial = path.with_name(f"{key}-{_writer()}-{secrets.token_hex(4)}{PARTIAL}")
        data = to_bytes(result)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            log.warning("a result was not kept on disk: %s", error)
            _remove(partial)
            return
        self._until_scan -= len(data)
        if self._until_scan <= 0:
            self._evict()

    def usage(self) -> Usage:
        """Measure the folder."""
        sizes = [status.st_size for _, status in self._files(SUFFIX)]
        leftovers = sum(1 for _ in self._files(PARTIAL))
        return Usage(self.folder, len(sizes), sum(sizes), leftovers)

    def clear(self) -> int:
        """Remove every result; return how many there were."""
        removed = 0
        for suffix in (SUFFIX, PARTIAL):
            for path, _ in self._files(suffix):
                path.unlink(missing_ok=True)
                removed += suffix == SUFFIX
        return removed

    def verify(self) -> tuple[int, int]:
        """Read every result and remove the damaged ones; return how many were kept, removed."""
        kept = removed = 0
        for path, _ in list(self._files(SUFFIX)):
            try:
                from_bytes(path.read_bytes())
                kept += 1
            except DamagedFileError:
                path.unlink(missing_ok=True)
                removed += 1
            except OSError:
                continue  # another process removed it
        return kept, removed

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}{SUFFIX}"

    def _files(self, suffix: str) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.folder.glob(f"??/*{suffix}"):
            try:
                yield path, path.stat()
            except OSError:
                continue  # another process removed it

    def _evict(self) -> None:
        """Remove leftovers, then what was used least recently, until there is room."""
        now = time.time()
        for path, status in self._files(PARTIAL):
            if status.st_mtime < now - LEFTOVER_AGE or _is_dead(path):
                _remove(path)
        files = sorted(self._files(SUFFIX), key=lambda found: found[1].st_mtime)
        total = sum(status.st_size for _, status in files)
        if total > self.limit:
            for path, status in files:
                _remove(path)
                total -= status.st_size
                if total <= self.limit * ROOM:
                    break
        self._until_scan = max(self.limit // 20, self.limit - total)


def _remove(path: Path) -> None:
    """Remove a file if that is allowed: it may be another user's, on a read-only disk."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _writer() -> str:
    return f"{platform.node().replace('-', '_')}-{os.getpid()}"


def _is_dead(partial: Path) -> bool:
    """Say whether an unfinished file's writer was a process of this machine and is gone."""
    _, node, process, _ = partial.stem.split("-")
    if node != platform.node().replace("-", "_"):
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
