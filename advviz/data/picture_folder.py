"""Pictures in a folder that the owner of the app gives it: listed, and found by their pixels.

A link names a folder's picture as it names an upload, by the digest of its pixels: so it says
nothing of this machine's paths, means the same pixels wherever it is opened, and cannot reach
a file that is not offered. Where the store of uploads has dropped the pixels, or the app was
started anew, the folder is searched for the file that has them. Results of these pictures stay
in memory, as those of uploads do: the owner shows the folder, and has not given it away.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, zip_longest
from pathlib import Path
from stat import S_ISREG
from threading import Lock
from time import monotonic

from advviz.data import uploads
from advviz.data.decoding import MAX_BYTES
from advviz.data.folders import SUFFIXES
from advviz.errors import InvalidInputError, UnknownNameError

VARIABLE = "ADVVIZ_IMAGES"
MAX_PICTURES = 256
LOOKED_AT = 4096  # files of a large folder that are considered, spread over its sub-folders
DEPTH = 3  # levels of folders: Tiny ImageNet keeps a class's pictures in a folder "images"
RESCAN_AFTER = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that is offered."""

    name: str  # path inside the folder, with slashes
    stamp: tuple[int, int]  # time of the last change in ns, bytes

    @property
    def groups(self) -> tuple[str, ...]:
        """List the folders that hold the file, the outermost first: names of classes, maybe."""
        return tuple(self.name.split("/")[:-1])


class PictureFolder:
    """The pictures of one folder and of its sub-folders, bounded in number.

    Links in the file system and hidden files are passed over, so that nothing outside the
    folder is read. A file is decoded when it is chosen, or when pixels are searched for;
    its digest is remembered until the file changes. Safe to use from several threads.
    """

    def __init__(self, root: Path, limit: int = MAX_PICTURES) -> None:
        """Offer at most `limit` pictures; of many sub-folders, some of each."""
        self.root = root.resolve()
        self._limit = limit
        self._entries: tuple[Entry, ...] = ()
        self._refs: dict[Entry, str | None] = {}  # None: no picture that can be used
        self._is_partial = False
        self._scanned = float("-inf")
        self._lock = Lock()  # of what is remembered; never held while a file is decoded
        self._search = Lock()  # one thread decodes for all who search

    def entries(self) -> tuple[Entry, ...]:
        """List the files that are offered, by folder and name; the folder may change."""
        with self._lock:
            if monotonic() - self._scanned > RESCAN_AFTER:
                found, self._is_partial = _scan(self.root, self._limit)
                self._entries = tuple(found)
                self._refs = {e: self._refs[e] for e in found if e in self._refs}
                self._scanned = monotonic()
            return self._entries

    @property
    def is_partial(self) -> bool:
        """Say whether the folder has more pictures than are offered."""
        self.entries()
        return self._is_partial

    def choose(self, name: str) -> str:
        """Put a file's picture into the store of uploads.

        Returns:
            The image reference, "sha256:<hex>".

        Raises:
            UnknownNameError: no such file is offered.
            InvalidInputError: the file is no picture that can be used.
        """
        entry = next((entry for entry in self.entries() if entry.name == name), None)
        if entry is None:
            raise UnknownNameError(
                f"the folder of pictures has no {name[:60]!r}, or no longer; choose another one"
            )
        try:
            ref = uploads.store(self._read(entry))
        except InvalidInputError as error:
            raise InvalidInputError(f"the picture {name!r} cannot be used: {error}") from error
        with self._lock:
            self._refs[entry] = ref
        return ref

    def known(self, ref: str) -> Entry | None:
        """Return the file of a picture that was chosen or found before; nothing is decoded."""
        with self._lock:
            return next((entry for entry, known in self._refs.items() if known == ref), None)

    def find(self, ref: str) -> Entry | None:
        """Return the file that has the pixels of a reference.

        The first search decodes every file, which may take some seconds; later ones decode
        the files that are new or have changed.
        """
        self.index()
        return self.known(ref)

    def index(self) -> None:
        """Learn the digest of every picture that is new or has changed."""
        with self._search:
            for entry in self.entries():
                if entry not in self._refs:
                    found = self._reference(entry)
                    with self._lock:
                        self._refs[entry] = found

    def restore(self, ref: str) -> None:
        """Put the picture of a reference back into the store of uploads, if a file has it."""
        entry = self.find(ref)
        if entry is not None:
            self.choose(entry.name)

    def _reference(self, entry: Entry) -> str | None:
        try:
            return uploads.reference(self._read(entry))
        except InvalidInputError:
            return None

    def _read(self, entry: Entry) -> bytes:
        """Read a listed file, unless it was replaced by a link or left the folder since."""
        path = self.root / entry.name
        try:
            if path.resolve(strict=True) != path:
                raise InvalidInputError("it is a link in the file system; put the file itself")
            with path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError as error:
            raise InvalidInputError(f"it cannot be read ({error.strerror})") from error


def _scan(root: Path, limit: int) -> tuple[list[Entry], bool]:
    """List at most `limit` pictures, of each sub-folder in turn; and say if there are more."""
    folders = [path for path in _listed(root) if path.is_dir() and not path.is_symlink()]
    each = max(1, LOOKED_AT // (len(folders) + 1))
    groups = [list(islice(_pictures(root, root, 1), each + 1))]
    groups += [list(islice(_pictures(root, folder, DEPTH), each + 1)) for folder in folders]
    in_turn = [e for row in zip_longest(*(g[:each] for g in groups)) for e in row if e is not None]
    is_partial = len(in_turn) > limit or any(len(group) > each for group in groups)
    chosen = sorted(in_turn[:limit], key=lambda entry: (entry.groups, entry.name))
    return chosen, is_partial


def _pictures(root: Path, folder: Path, depth: int) -> Iterator[Entry]:
    """Walk the pictures in a folder, and in those below it up to a depth."""
    for path in _listed(folder):
        try:
            status = path.lstat()
        except OSError:
            continue
        if S_ISREG(status.st_mode):
            if path.suffix.lower() in SUFFIXES and 0 < status.st_size <= MAX_BYTES:
                name = path.relative_to(root).as_posix()
                yield Entry(name, (status.st_mtime_ns, status.st_size))
        elif depth > 1 and path.is_dir() and not path.is_symlink():
            yield from _pictures(root, path, depth - 1)


def _listed(folder: Path) -> list[Path]:
    """List what a folder holds by name, but for what is hidden; nothing if it is not there."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def offered() -> PictureFolder | None:
    """Return the folder that $ADVVIZ_IMAGES names, if it names one."""
    named = os.environ.get(VARIABLE)
    return _folder(named) if named else None


@lru_cache(4)
def _folder(named: str) -> PictureFolder:
    return PictureFolder(Path(named))


def groups_of(ref: str) -> tuple[str, ...]:
    """List the folders that hold the picture of a reference, the outermost first.

    Empty where no folder is offered, or none of its pictures has these pixels.
    """
    folder = offered()
    entry = folder.find(ref) if folder is not None else None
    return entry.groups if entry is not None else ()


def restore(ref: str) -> None:
    """Put a picture of the offered folder back into the store of uploads, if it is one."""
    folder = offered()
    if folder is not None:
        folder.restore(ref)
