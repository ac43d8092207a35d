"""Serves the app as `advviz app` does, and writes down what its engine computes.

    python -m benchmarks.recorded_app PORT RECORD

One line of JSON for each event: when (on `time.monotonic`), what, and of which experiment
(its link). A computation has `begun`, and was `returned` or `closed` or has `raised`; a job
ends as `done`, `failed` or `cancelled`.
"""

import json
import os
import socket
import statistics
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from threading import Lock
from typing import Any
from urllib.request import urlopen

from advviz.compute.job import Job
from advviz.experiments import specs
from advviz.experiments.links import to_link

SPECS = (specs.PredictSpec, specs.AttackSpec, specs.ExplainSpec, specs.VisualizeSpec)
START = 120.0  # seconds that a busy machine may take to import Streamlit
ROOT = Path(__file__).resolve().parent.parent


class Recorder:
    """Writes events to a file as they happen."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1, encoding="utf-8")
        self._lock = Lock()

    def write(self, what: str, spec: Any, **more: Any) -> None:
        """Write one event down."""
        event = {"at": time.monotonic(), "what": what, "of": to_link(spec), **more}
        with self._lock:
            self._file.write(json.dumps(event) + "\n")

    def install(self) -> None:
        """Listen to every computation and to the end of every job of this process."""
        for spec in SPECS:
            spec.procedure = self._recorded(spec.procedure)  # type: ignore[method-assign]
        ends = Job.end

        def end(job: Job, state: Any, **words: Any) -> None:
            ends(job, state, **words)
            self.write(state.value, job.spec, error=job.error)

        Job.end = end  # type: ignore[method-assign]

    def _recorded(self, begin: Any) -> Any:
        def procedure(spec: Any, *words: Any) -> Generator[Any, Any, Any]:
            self.write("begun", spec)
            steps: list[float] = []
            how = "raised"
            try:
                returned = yield from _timed(begin(spec, *words), steps)
                how = "returned"
            except GeneratorExit:
                how = "closed"
                raise
            finally:
                step = statistics.median(steps) if steps else 0.0
                self.write(how, spec, steps=len(steps), step=step)
            return returned

        return procedure


def _timed(inner: Generator[Any, Any, Any], steps: list[float]) -> Generator[Any, Any, Any]:
    """Drive a procedure; note how long each of its questions waited for the answer."""
    reply = None
    try:
        while True:
            try:
                request = inner.send(reply)
            except StopIteration as finished:
                return finished.value
            asked = time.monotonic()
            reply = yield request
            steps.append(time.monotonic() - asked)
    finally:
        inner.close()


# --- for those who start it ---------------------------------------------------


class Served:
    """A server in a process of its own, and what it has written down."""

    def __init__(self, url: str, record: Path, process: Popen[bytes]) -> None:
        self.url, self.process, self._record = url, process, record

    def events(self, what: str = "", of: str = "") -> list[dict[str, Any]]:
        """List what has happened so far, all of it or of one kind or experiment."""
        lines = self._record.read_text(encoding="utf-8").splitlines(keepends=True)
        found = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in found if what in ("", event["what"]) and of in ("", event["of"])]


def free_port() -> int:
    """Name a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(folder: Path, port: int, environment: dict[str, str]) -> Iterator[Served]:
    """Serve the app, recorded, until the context is left.

    Args:
        folder: for the record and the server's log.
        port: the TCP port.
        environment: of the process.
    """
    record, log = folder / f"record-{port}.jsonl", folder / f"server-{port}.log"
    record.touch()
    words = [sys.executable, "-m", "benchmarks.recorded_app", str(port), str(record)]
    with log.open("wb") as stream:
        process = Popen(words, cwd=ROOT, env=environment, stdout=stream, stderr=stream)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/_stcore/health", process, log)
        yield Served(url, record, process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str, process: Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the app does not answer; its log ends\n{log.read_text()[-3000:]}")


def main() -> None:
    """Serve."""
    port, record = int(sys.argv[1]), Path(sys.argv[2])
    Recorder(record).install()
    from advviz.compute import view
    from advviz.ui import launcher

    view.GRACE = float(os.environ.get("RECORDED_APP_GRACE", view.GRACE))
    launcher.serve(port=port, browser=False)


if __name__ == "__main__":
    main()
