"""What Streamlit does that would hurt a class, and that this app has turned off or avoided.

On the real server, by real clients, wherever that can be seen from outside.
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from advviz.compute import engine
from advviz.experiments.links import to_link
from advviz.experiments.specs import AttackSpec
from advviz.models.records import bundled
from advviz.ui import launcher, navigation
from benchmarks.recorded_app import Served, free_port, served
from benchmarks.websocket_client import STREAM, Client, Run

ROOT = Path(__file__).resolve().parent.parent
STANDARD = next(iter(bundled()))
WAITING = 'class="av-waiting'  # of a place whose picture is not there yet
PATIENCE = 550.0  # seconds: not a limit on the server's speed, only on the test's waiting
PAGES = [file.removesuffix(".py") for file, *_ in navigation.PAGES]
JPEG = (b"image/jpeg", b"base64,/9j/", b'"/9j/')  # its name, and how its bytes begin in base64
PNG = b"iVBORw0KGgo"

SETTINGS = {
    "runner.postScriptGC": False,
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.fileWatcherType": "none",
    "server.maxUploadSize": 400,
    "server.enableAgentApi": False,
    "server.enableStaticServing": False,
    "client.showErrorDetails": "type",
    "client.toolbarMode": "minimal",
    "browser.gatherUsageStats": False,
    "server.address": "127.0.0.1",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the app once, with a cache of its own."""
    folder = tmp_path_factory.mktemp("findings")
    environment = os.environ | {"ADVVIZ_CACHE": str(folder / "cache")}
    with served(folder, free_port(), environment) as one:
        yield one


def attack(seed: int, **words: Any) -> str:
    spec = AttackSpec(model=STANDARD, image="sample:chelsea", target="goldfish", seed=seed, **words)
    return to_link(spec)


def within(story: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(story(), PATIENCE))


async def until(condition: Callable[[], Any]) -> Any:
    while not (found := condition()):
        await asyncio.sleep(0.05)
    return found


async def let_go(task: asyncio.Task[Run]) -> None:
    """Stop reading, so that somebody else may."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# --- settings of the running server ----------------------------------------------


@pytest.mark.slow
def test_the_running_server_has_the_settings_and_one_collector(tmp_path: Path):
    """No collection after every run; instead one thread that collects now and then."""
    script = Path(__file__).with_name("told_settings.py")
    words = [sys.executable, str(script), str(free_port()), *SETTINGS]
    variables = os.environ | {"PYTHONPATH": str(ROOT), "ADVVIZ_CACHE": str(tmp_path)}
    with subprocess.Popen(words, cwd=tmp_path, env=variables, stdout=subprocess.PIPE) as process:
        try:
            told = next(line for line in process.stdout if line.startswith(b"{"))
        finally:
            process.kill()
    found = json.loads(told)
    assert found["options"] == SETTINGS
    assert found["threads"].count("_collect") == 1


def test_the_collector_collects_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch):
    stopped, seen = threading.Event(), []

    def collect() -> None:
        seen.append(None)
        if len(seen) == 3:
            stopped.set()

    monkeypatch.setattr(launcher, "COLLECT_EVERY", 0.001)
    monkeypatch.setattr(gc, "collect", collect)
    launcher._collect(stopped)
    assert len(seen) == 3


def status_of(url: str, method: str = "GET", data: bytes | None = None, **headers: str) -> int:
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


@pytest.mark.slow
def test_the_agent_interface_is_off(server: Served):
    body = json.dumps({"actions": []}).encode()
    url = f"{server.url}/_stcore/agent/interact"
    assert status_of(url, "POST", body, **{"Content-Type": "application/json"}) in (403, 404, 405)


@pytest.mark.slow
def test_an_upload_without_the_token_is_refused(server: Served):
    url = f"{server.url}/_stcore/upload_file/somebody/some-file"
    assert status_of(url, "PUT", b"not mine") == 403


@pytest.mark.slow
def test_another_sites_script_cannot_open_a_session(server: Served):
    async def visit(origin: str) -> None:
        address = server.url.replace("http", "ws") + STREAM
        async with connect(address, origin=origin, subprotocols=["streamlit"]):
            pass

    asyncio.run(visit(server.url))  # from the app's own page
    with pytest.raises(InvalidStatus, match="403"):
        asyncio.run(visit("https://elsewhere.example"))


# --- links -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("page", ["attack", "compute"])
def test_a_link_works_for_the_first_visitor_of_a_fresh_process(tmp_path: Path, page: str):
    """A folder `pages` beside the entry script would send them to "page not found"."""
    environment = os.environ | {"ADVVIZ_CACHE": str(tmp_path / "cache")}

    async def story() -> tuple[Run, str]:
        async with Client(one.url) as first:
            return await first.open(
                page, attack(1, steps=2) if page == "attack" else ""
            ), first.html

    with served(tmp_path, free_port(), environment) as one:
        run, html = within(story)
    assert "page_not_found" not in run.kinds
    assert run.kinds.count("navigation") == 1
    assert "goldfish" in html if page == "attack" else "In the queue" in html


# --- pictures ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_pictures_are_sent_as_png_never_as_jpeg(server: Served, page: str):
    """JPEG destroys what an attack changed."""

    async def story() -> list[bytes]:
        async with Client(server.url) as client:
            run = await client.open(page if page != "home" else "")
            assert "page_not_found" not in run.kinds
            assert not list(client.found("exception"))
            return [message.SerializeToString() for _, message in run.frames]

    sent = b"".join(within(story))
    assert not [name for name in JPEG if name in sent]
    assert (PNG in sent) == (page not in ("compute", "evaluate", "explanations", "models"))


# --- at most four updates a second --------------------------------------------------


@pytest.mark.slow
def test_a_running_job_updates_a_page_at_most_four_times_a_second(server: Served):
    """Sixty watchers of a fast job must not each get a picture a step."""
    link = attack(200, steps=300)

    async def story() -> Run:
        async with Client(server.url) as client:
            return await client.open("attack", link)

    run = within(story)
    (done,) = server.events("returned", link)
    place = next(
        tuple(message.metadata.delta_path)
        for _, message in run.frames
        if WAITING in message.delta.new_element.html.body
    )
    shown = [at for at, message in run.frames if tuple(message.metadata.delta_path) == place]
    between = shown[-1] - shown[0]
    assert done["steps"] > 300
    assert 2 <= len(shown) <= 4 * between + 3  # the first, the last, and one that was late
    assert len(shown) < done["steps"]


# --- what one client can take from the others ------------------------------------------


@pytest.mark.slow
def test_a_client_that_clears_the_cache_takes_nothing_from_anybody(server: Served):
    """The message is open to all and empties Streamlit's caches for everybody."""
    known, running = attack(300, steps=2), attack(301, steps=1000, restarts=50)
    clear = BackMsg()
    clear.clear_cache = True

    async def models(client: Client) -> list[str]:
        await client.open("compute")
        return [record.title for record in bundled().values() if record.title in client.html]

    async def story() -> None:
        async with Client(server.url) as victim, Client(server.url) as other:
            await other.open("attack", known)
            watching = asyncio.create_task(victim.open("attack", running))
            await until(lambda: server.events("begun", running))
            before = await models(other)
            assert before
            await other.send(clear)
            await other.open("attack", known)
            assert await models(other) == before
            assert not watching.done()
            await let_go(watching)
            assert not server.events("cancelled", running)

    within(story)
    assert len(server.events("begun", known)) == 1
    assert len(server.events("begun", running)) == 1


def test_the_engine_is_out_of_reach_of_streamlits_caches():
    one = engine()
    st.cache_resource.clear()
    st.cache_data.clear()
    assert engine() is one


def test_nothing_is_kept_in_streamlits_caches():
    """They can be emptied by anybody, and their hash looks at large arrays in part."""
    scripts = [*ROOT.glob("advviz/**/*.py"), *ROOT.glob("pages/*.py")]
    users = [p.name for p in scripts if "st.cache_" in p.read_text(encoding="utf-8")]
    assert users == []
