"""A server that plays the hub and its content network, and fails as it is told to.

The hub answers under 127.0.0.1 and sends whoever wants bytes on to localhost, another host
name, as the real one does. Any path without "/resolve/" is a plain file on the web. A request
for an absolute address is answered too: the server can be the proxy.
"""

import hashlib
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from advviz.models import persistence

COMMIT = "c0ffee" * 6 + "abcd"
REPOSITORY, NAME = "someone/models", "net_l2_eps3.ckpt"
DATA = random.Random(0).randbytes(3_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"


@dataclass(frozen=True)
class Plan:
    """How one request for bytes is answered; a fresh Plan() is answered well."""

    status: int | None = None
    html: bool = False
    html_type: str = "text/html; charset=utf-8"
    dies_after: int | None = None  # bytes of the body, then the connection ends
    resets: bool = False  # and ends with an RST
    ignores_range: bool = False
    starts_wrong: bool = False
    tag: str | None = None  # in place of the file's own ETag
    chunk: int = 1 << 20
    waits: float = 0.0  # seconds before each chunk
    no_length: bool = False


@dataclass
class Seen:
    """A request that was made, and the bytes of the file that were sent for it."""

    method: str
    path: str
    range: str | None
    if_range: str | None
    host: str
    authorization: str | None
    sent: int = 0


@dataclass
class FakeHub:
    """What the server has, how it will behave, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    plans: deque[Plan] = field(default_factory=deque)  # for the next requests for bytes
    heads: deque[int | Plan] = field(default_factory=deque)  # for the next questions of the hub
    always: Plan | None = None
    names: dict[str, str] = field(default_factory=dict)  # the hub's names of the bytes
    xet: bool = False  # offer Xet too, of which there is none
    seen: list[Seen] = field(default_factory=list)
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self, repository: str, name: str, data: bytes, served: bytes | None = None) -> str:
        """Offer a file of the hub; `served` are the bytes that come in its place."""
        path = f"/{repository}/resolve/{COMMIT}/{name}"
        self.files[path] = data if served is None else served
        self.names[path] = hashlib.sha256(data).hexdigest()
        return self.names[path]

    @property
    def gets(self) -> list[Seen]:
        """List the requests that reached the bytes themselves."""
        return [one for one in self.seen if one.method == "GET" and "/resolve/" not in one.path]

    def __enter__(self) -> "FakeHub":
        hub = self

        class Handler(_Handler):
            fake = hub

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that went away, or an end that was planned

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeHub
    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        seen = self._note()
        path = urlsplit(self.path).path
        planned = self.fake.heads.popleft() if self.fake.heads else None
        if isinstance(planned, int):
            return self._plain(planned)
        if planned is not None and planned.html:
            return self._plain(200, PAGE, "text/html")
        if path not in self.fake.files:
            return self._plain(404)
        return self._redirect(seen, path)

    def do_GET(self):
        if urlsplit(self.path).path.startswith("/api/"):
            return self._plain(404)  # the client's own questions about where it runs
        seen = self._note()
        path = urlsplit(self.path).path
        if "/resolve/" in path and path in self.fake.files:
            return self._redirect(seen, path)
        plan = self.fake.plans.popleft() if self.fake.plans else self.fake.always or Plan()
        data = self.fake.files.get(path.removeprefix("/cdn").replace("/bytes/", "/resolve/"))
        if plan.status or data is None:
            return self._plain(plan.status or 404)
        if plan.html:
            return self._plain(200, PAGE, plan.html_type)
        return self._bytes(seen, data, plan)

    def _note(self):
        headers = self.headers
        seen = Seen(
            self.command,
            self.path,
            headers["Range"],
            headers["If-Range"],
            headers["Host"],
            headers["Authorization"],
        )
        self.fake.seen.append(seen)
        return seen

    def _plain(self, status, body=b"", kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _redirect(self, seen, path):
        host = seen.host.replace("127.0.0.1", "localhost").replace("hub.", "cdn.")
        self.send_response(302)
        self.send_header("Location", f"http://{host}/cdn{path.replace('/resolve/', '/bytes/')}")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("X-Linked-ETag", f'"{self.fake.names[path]}"')
        self.send_header("X-Linked-Size", str(len(self.fake.files[path])))
        if self.fake.xet:
            self.send_header("X-Xet-Hash", "ab" * 32)
            self.send_header("X-Xet-Refresh-Route", f"{self.fake.endpoint}/xet-token")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _bytes(self, seen, data, plan):
        tag = plan.tag or f'"{hashlib.md5(data).hexdigest()}"'
        begin = 0
        same = seen.if_range is None or seen.if_range == tag
        if seen.range and not plan.ignores_range and same:
            begin = int(seen.range.removeprefix("bytes=").rstrip("-"))
        if begin >= len(data) and begin:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        begin += plan.starts_wrong
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.send_header("ETag", tag)
        self.send_header("Content-Type", "application/octet-stream")
        if plan.no_length:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        self._body(seen, data[begin:], plan)

    def _body(self, seen, body, plan):
        ends = len(body) if plan.dies_after is None else min(plan.dies_after, len(body))
        for place in range(0, ends, plan.chunk):
            time.sleep(plan.waits)
            piece = body[place : min(place + plan.chunk, ends)]
            self.wfile.write(piece)
            self.wfile.flush()
            seen.sent += len(piece)
        if plan.dies_after is not None or plan.no_length:
            self.close_connection = True
        if plan.resets:
            time.sleep(0.2)  # let the client read what was sent before the RST discards it
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # on, for 0 seconds
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()


@contextmanager
def served_hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """Play the hub for this process, which offers one file, with nothing downloaded yet."""
    from huggingface_hub import close_session, constants

    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("ADVVIZ_MODELS", str(folder / "models"))
    monkeypatch.setattr(persistence, "PAUSES", (0.0,) * 5)
    with FakeHub() as fake:
        template = fake.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", fake.endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder / "hub"))
        fake.publish(REPOSITORY, NAME, DATA)
        try:
            yield fake
        finally:
            close_session()


def leftovers(folder: Path) -> list[str]:
    """List the files that hold bytes: neither links nor locks nor refs."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path.name for path in files if path.suffix not in (".lock", ".TAG"))
