"""Downloads for everybody: one thread of the process makes them, one after the other.

They wait for the network, not for a processor, so the engine's worker knows nothing of them.
A file that several sessions want is downloaded once, and all of them may watch.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Lock, Thread
from typing import Any

from advviz.compute.job import State
from advviz.errors import AdvvizError, CancelledError

Report = Callable[[int, int | None], None]
"""Told the bytes so far and those in all, if known."""

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Fetch:
    """One download. Pages read it; only the fetcher writes it.

    Args:
        key: of what is downloaded: equal keys are the same download.
        session: that started it, and alone may stop it.
        state: where it stands.
        position: downloads before it while it waits; 0 is next.
        progress: bytes so far, and in all (None if not known).
        stopping: somebody has stopped it, and it will notice in a moment.
        result: what the work returned, when done.
        error: one sentence, when failed.
    """

    key: str
    session: str
    state: State = State.WAITING
    position: int = 0
    progress: tuple[int, int | None] = (0, None)
    stopping: bool = False
    result: Any = None
    error: str | None = None
    work: Callable[[Report], Any] | None = None  # belongs to the fetcher

    @property
    def share(self) -> float | None:
        """Return how much of it is here, in [0, 1]; None while its size is not known."""
        done, total = self.progress
        return min(done / total, 1.0) if total else None


class Fetcher:
    """Run downloads on one thread, first come, first served.

    The last download of every key is remembered until it is dismissed or started anew, so
    that whoever looks later still finds how it ended.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._known: dict[str, Fetch] = {}  # the last of every key
        self._waiting: list[Fetch] = []
        self._closing = False
        self._thread: Thread | None = None

    def start(self, key: str, work: Callable[[Report], Any], session: str) -> Fetch:
        """Download something, or join the download of it that is already open.

        Args:
            key: names what is downloaded.
            work: does it, in the fetcher's thread; what it is given tells of progress, and
                raises CancelledError once the download was stopped.
            session: that asks; if the download is new, it alone may stop it.
        """
        with self._changed:
            known = self._known.get(key)
            if known is not None and not known.state.is_final:
                return known
            self._known.pop(key, None)  # the new one comes last
            fetch = self._known[key] = Fetch(key, session, work=work)
            if self._closing:
                fetch.state, fetch.work = State.CANCELLED, None
                return fetch
            self._waiting.append(fetch)
            self._number()
            if self._thread is None:
                self._thread = Thread(target=self._run, name="advviz-fetcher", daemon=True)
                self._thread.start()
            return fetch

    def look(self, key: str) -> Fetch | None:
        """Return the last download of a key, open or ended; None if there was none."""
        with self._changed:
            return self._known.get(key)

    def all(self) -> tuple[Fetch, ...]:
        """List the last download of every key, in the order in which they were started."""
        with self._changed:
            return tuple(self._known.values())

    def cancel(self, key: str, session: str) -> bool:
        """Stop a download: at once if it waits, else when it next reports.

        Returns:
            Whether there was an open one that this session had started.
        """
        with self._changed:
            fetch = self._known.get(key)
            if fetch is None or fetch.state.is_final or fetch.session != session:
                return False
            fetch.stopping = True
            if fetch in self._waiting:
                self._waiting.remove(fetch)
                self._end(fetch, State.CANCELLED)
            return True

    @contextmanager
    def held(self, key: str, session: str) -> Iterator[bool]:
        """Keep a key for oneself for a moment: nobody downloads it meanwhile.

        Args:
            key: of what must not be downloaded now.
            session: that keeps it.

        Yields:
            Whether it was free; if not, it is being downloaded, or somebody else keeps it.
        """
        with self._changed:
            known = self._known.get(key)
            free = known is None or known.state.is_final
            if free:
                self._known[key] = Fetch(key, session, State.RUNNING)
        try:
            yield free
        finally:
            if free:
                with self._changed:
                    self._end(self._known.pop(key), State.CANCELLED)

    def dismiss(self, key: str) -> None:
        """Forget how the last download of a key ended; an open one goes on."""
        with self._changed:
            fetch = self._known.get(key)
            if fetch is not None and fetch.state.is_final:
                del self._known[key]

    def wait(self, fetch: Fetch, timeout: float | None = None) -> bool:
        """Wait until a download has ended, at most `timeout` seconds; say whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: fetch.state.is_final, timeout)

    def close(self) -> None:
        """Stop everything, and wait for the thread to notice."""
        with self._changed:
            self._closing = True
            for fetch in [*self._waiting]:
                self._waiting.remove(fetch)
                self._end(fetch, State.CANCELLED)
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if self._closing:
                    return
                fetch = self._waiting.pop(0)
                fetch.state = State.RUNNING
                self._number()
            state, result, error = self._outcome(fetch)
            with self._changed:
                self._end(fetch, state, result, error)

    def _outcome(self, fetch: Fetch) -> tuple[State, Any, str | None]:
        """Do the work of a download; return the state it ends in, its result and its error."""

        def report(done: int, total: int | None) -> None:
            fetch.progress = (done, total)
            if fetch.stopping or self._closing:
                raise CancelledError("the download was stopped")

        try:
            if fetch.work is None:
                raise CancelledError("the download was stopped")
            return State.DONE, fetch.work(report), None
        except CancelledError:
            return State.CANCELLED, None, None
        except AdvvizError as failure:
            return State.FAILED, None, str(failure)
        except Exception as failure:
            log.exception("a download failed: %s", fetch.key)
            line = str(failure).partition("\n")[0].strip()
            return State.FAILED, None, f"the download failed ({type(failure).__name__}: {line})"

    def _end(
        self, fetch: Fetch, state: State, result: Any = None, error: str | None = None
    ) -> None:
        fetch.result, fetch.error, fetch.work = result, error, None
        fetch.state = state  # last: who sees it final sees the rest
        self._number()
        self._changed.notify_all()

    def _number(self) -> None:
        for position, fetch in enumerate(self._waiting):
            fetch.position = position
        self._changed.notify_all()


_fetcher: Fetcher | None = None
_checker: Fetcher | None = None
_fetcher_lock = Lock()


def fetcher() -> Fetcher:
    """Return the process's fetcher; its thread starts at the first download."""
    global _fetcher  # the one home of downloads: no client can clear it
    with _fetcher_lock:
        if _fetcher is None:
            _fetcher = Fetcher()
        return _fetcher


def checker() -> Fetcher:
    """Return the process's other fetcher: it checks files that came through the browser.

    They are here already, and do not wait behind downloads.
    """
    global _checker  # as above
    with _fetcher_lock:
        if _checker is None:
            _checker = Fetcher()
        return _checker
