"""What any test may ask for: Chromium, the served app, an engine; and which tests are skipped."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:  # a run without browser tests works without Playwright
    from fake_engine import FakeEngine
    from playwright.sync_api import Browser

    from advviz.compute import Engine

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ROOT = Path(__file__).resolve().parent.parent
NO_CHROMIUM = (
    "no browser found: install Chromium or Chrome (on Debian: apt install chromium), "
    "or set CHROMIUM to its path"
)
# Results of other runs must not answer for this one; processes that tests start inherit it.
os.environ["ADVVIZ_CACHE"] = tempfile.mkdtemp(prefix="advviz-test-cache-")
# Nor do the tester's own models join the catalogue.
os.environ["ADVVIZ_MODELS"] = tempfile.mkdtemp(prefix="advviz-test-models-")
BROWSER_REQUIRED = os.environ.get("ADVVIZ_REQUIRE_BROWSER", "") not in ("", "0")
BROWSER_TESTS = pytest.StashKey[int]()
SERVER_START = 120.0  # seconds; a busy machine imports Streamlit slowly

# The same examples on every run; no deadline, for the machine may be busy.
settings.register_profile("advviz", deadline=None, derandomize=True)
settings.load_profile("advviz")


def find_chromium() -> str | None:
    """Name the browser to drive: $CHROMIUM, or the first that is installed."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    found = (shutil.which(name) for name in (*CHROMIUM_NAMES, *CHROMIUM_PLACES))
    return next((path for path in found if path), None)


# --- which tests may be skipped ---------------------------------------------


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Skip what this machine cannot run, with the reason."""
    for item in items:
        if item.get_closest_marker("browser") and not find_chromium():
            item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))
        if item.get_closest_marker("network") and os.environ.get("ADVVIZ_NETWORK") != "1":
            item.add_marker(pytest.mark.skip(reason="set ADVVIZ_NETWORK=1 to use the internet"))
        if item.get_closest_marker("gpu") and not has_cuda():
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))


def has_cuda() -> bool:
    """Ask torch, imported only where a collected test is marked gpu."""
    import torch

    return torch.cuda.is_available()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Turn the skip of a browser test into a failure where a browser is required."""
    report = yield
    if item.get_closest_marker("browser"):
        _count_browser_test(item.config, report)
        if BROWSER_REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
            report.outcome = "failed"
            report.longrepr = f"a browser test was skipped: {report.longrepr[-1]}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """Turn the skip of a whole module into a failure too: its tests are never seen."""
    report = yield
    if BROWSER_REQUIRED and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"a module was skipped: {report.longrepr[-1]}"
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that required a browser and used none."""
    if BROWSER_REQUIRED and not session.config.stash.get(BROWSER_TESTS, 0):
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        terminal.write_line("\nADVVIZ_REQUIRE_BROWSER is set, and no browser test ran", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _count_browser_test(config: pytest.Config, report: pytest.TestReport) -> None:
    if report.when == "call":
        config.stash[BROWSER_TESTS] = config.stash.get(BROWSER_TESTS, 0) + 1


# --- the served app, and a browser to look at it -----------------------------


@contextmanager
def served(
    folder: Path, *, script: Path | None = None, base: str = "", **environment: str
) -> Iterator[str]:
    """Run `advviz app` in a process of its own.

    Args:
        folder: for the server's log; also the directory in which it runs.
        script: serves something else instead; its one argument is the port.
        base: the path of the address, with a slash before it.
        environment: variables to add to those of this process.

    Yields:
        The app's address, once it answers.
    """
    port = free_port()
    log = folder / f"server-{port}.log"
    words = [sys.executable, "-m", "advviz", "app", "--no-browser", "--port", str(port)]
    words += ["--base-path", base] if base else []
    if script is not None:
        words = [sys.executable, str(script), str(port)]
    variables = os.environ | {"PYTHONPATH": str(ROOT)} | environment  # this checkout, wherever run
    with log.open("wb") as stream:
        process = subprocess.Popen(words, cwd=folder, env=variables, stdout=stream, stderr=stream)
        try:
            wait_for(f"http://127.0.0.1:{port}{base}/_stcore/health", process, log)
            yield f"http://127.0.0.1:{port}{base}"
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """Name a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the address answers; fail the test when the process ends or is too slow."""
    deadline = time.monotonic() + SERVER_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the app does not answer at {url}; its log ends\n{log.read_text()[-3000:]}")


@pytest.fixture
def serve_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Start the app in a fresh process, as often as called; all end with the test."""
    with ExitStack() as servers:

        def serve(**environment: str) -> str:
            return servers.enter_context(served(tmp_path_factory.mktemp("app"), **environment))

        yield serve


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the app once for all tests that only look at it."""
    with served(tmp_path_factory.mktemp("app")) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Start headless Chromium; for tests that are marked `browser`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # --no-sandbox: a container's root has no sandbox to offer.
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()


# --- engines -----------------------------------------------------------------


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> "FakeEngine":
    """The pages' engine, which computes nothing and remembers what it was asked."""
    from fake_engine import FakeEngine

    from advviz.ui import state

    fake = FakeEngine()
    monkeypatch.setattr(state, "engine", lambda: fake)
    return fake


@pytest.fixture
def real_engine(monkeypatch: pytest.MonkeyPatch) -> "Iterator[Engine]":
    """The pages' engine, which computes even what ships."""
    from advviz.compute import Engine
    from advviz.ui import state

    real = Engine(use_shipped=False)
    monkeypatch.setattr(state, "engine", lambda: real)
    yield real
    real.close()


@pytest.fixture
def make_engine() -> Iterator[Callable[..., Any]]:
    """Make engines of the implementation under test; see `engine_toys`."""
    from engine_toys import chosen_engine, engines

    with engines(chosen_engine()) as make:
        yield make
