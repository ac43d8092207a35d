"""The app under a path of a site, behind nginx as `deploy/nginx/advviz.conf` sets it up."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from conftest import free_port, served, wait_for
from PIL import Image

from advviz import pictures
from advviz.experiments import links
from advviz.ui import setup as setups

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = ROOT / "deploy" / "nginx" / "advviz.conf"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
BASE = "/lab"
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
# What nginx needs beside the file that is under test: folders of its own, so that it runs as
# anybody and beside another nginx.
AROUND = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/advviz.conf;
}}
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(NGINX is None, reason="no nginx; on Debian, `apt install nginx-light`"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the app under /lab by nginx; yield the address that people use."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    with served(tmp_path_factory.mktemp("app"), base=BASE) as behind:
        text = CONFIGURATION.read_text(encoding="utf-8")
        text = text.replace("127.0.0.1:8501", urlsplit(behind).netloc)
        text = text.replace("listen 80;", f"listen 127.0.0.1:{port};")
        (folder / "advviz.conf").write_text(text)
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder))
        log = folder / "nginx.log"
        words = [NGINX, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
        with log.open("wb") as stream:
            process = subprocess.Popen(words, stdout=stream, stderr=stream)
            try:
                wait_for(f"http://127.0.0.1:{port}{BASE}/_stcore/health", process, log)
                yield f"http://127.0.0.1:{port}{BASE}"
            finally:
                process.terminate()
                process.wait(timeout=20)


@pytest.fixture
def tab(browser, site: str):
    """A tab that fails the test on errors, and on whatever is asked for beside the path."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(500_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("response", lambda reply: faults.extend(astray(reply.url, reply.status, site)))
    yield page
    page.close()
    assert not faults


def astray(url: str, status: int, site: str) -> list[str]:
    """Say what is wrong with an answer: from beside the app's path, or none at all.

    Of a page, Streamlit's script first tries whether the page is the app's path.
    """
    parts, home = urlsplit(url), urlsplit(site)
    if parts.netloc != home.netloc:
        return []
    if not f"{parts.path}/".startswith(f"{home.path}/"):
        return [f"{parts.path} is not below {home.path}"]
    tried = re.fullmatch(rf"{home.path}/\w+/_stcore/(health|host-config)", parts.path)
    return [f"{parts.path}: {status}"] if status >= 400 and not tried else []


def finished(tab) -> None:
    tab.wait_for_selector(".av-strip")
    tab.wait_for_function("!document.querySelector('.av-waiting')")
    tab.wait_for_selector(READY)


def test_home_and_its_doors(tab, site: str):
    """Static files, the websocket, and the links that the app itself writes."""
    tab.goto(site)  # without the slash at the end, which nginx adds
    finished(tab)
    assert tab.url.startswith(f"{site}/")
    assert tab.locator(".av-board img").count() >= 6
    tab.get_by_role("link", name=re.compile("Show me")).click()
    tab.wait_for_url(re.compile(f"{BASE}/compare\\?"))
    finished(tab)
    tab.get_by_role("link", name="Attack", exact=True).click()
    tab.wait_for_url(re.compile(f"{BASE}/attack\\?"))
    finished(tab)


def test_a_link_is_computed_watched_and_passed_on(tab, site: str):
    """Live updates come through, and the link that the page shows opens the same."""
    spec = replace(setups.default().attack("tiny14-standard"), seed=11, steps=300)
    tab.goto(f"{site}/?{links.to_link(spec)}")
    assert urlsplit(tab.url).path == f"{BASE}/attack"
    tab.wait_for_selector("text=/step \\d+ of 300/")  # it runs, and is watched
    finished(tab)
    tab.get_by_text("Take it home").click()
    shown = tab.locator('[data-testid="stCode"]').first
    shown.wait_for()
    address = shown.inner_text().strip()
    assert address.startswith(f"{site}/attack?")
    assert "seed=11" in address


def test_files_come_and_go(tab, site: str):
    """A download is what was computed; the same file, brought back, is recognised."""
    spec = setups.default().attack("tiny14-standard")
    tab.goto(f"{site}/attack?{links.to_link(spec)}")
    finished(tab)
    tab.get_by_text("Take it home").click()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="PNG, 8-bit").click()
    file = Path(download.value.path()).read_bytes()
    assert links.from_link(pictures.note_of(file)) == spec
    assert np.asarray(Image.open(BytesIO(file))).shape == (64, 64, 3)

    tab.get_by_text("Check a saved file").click()
    chooser = tab.locator('input[type="file"]').first
    chooser.wait_for(state="attached")
    chooser.set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": file})
    tab.wait_for_selector("text=/dog → goldfish/ >> nth=1")
    tab.wait_for_selector("text=8 bits a channel")
