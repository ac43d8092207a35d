"""One at a time, among threads and processes that share a folder."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 0.2  # seconds between two looks at a lock that somebody else holds


@contextmanager
def only_one(folder: Path, name: str, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold what is called `name` alone until the block ends.

    A process that dies lets go of what it held.

    Args:
        folder: of the locks; made if there is none.
        name: of what is held, of any length.
        waiting: called again and again while another holds it; may raise to give up.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock")
    while True:
        try:
            lock.acquire(timeout=PATIENCE)
            break
        except Timeout:
            if waiting is not None:
                waiting()
    try:
        yield
    finally:
        lock.release()
