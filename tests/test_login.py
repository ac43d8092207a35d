"""Login: off by default, one sentence where it cannot work, and a provider that is asked."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from conftest import served
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.ui import login

COMPLETE = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "a long secret of this test alone",
    "client_id": "advviz",
    "client_secret": "x",
    "server_metadata_url": "http://localhost:1/.well-known/openid-configuration",
}

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def wanted(monkeypatch):
    monkeypatch.setenv(login.VARIABLE, "1")
    monkeypatch.setattr(login, "find_spec", lambda name: name)


def opened(**auth: str) -> AppTest:
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=90)
    if auth:
        at.secrets["auth"] = auth
    at.switch_page(str(resources.pages() / "compare.py")).run()
    assert not at.exception, at.exception
    return at


def shows_the_page(at: AppTest) -> bool:
    return any('class="av-strip' in element.proto.body for element in at.get("html"))


def test_nobody_is_asked_by_default(monkeypatch):
    monkeypatch.delenv(login.VARIABLE, raising=False)
    at = opened()
    assert shows_the_page(at)
    assert not any(button.label == "Log out" for button in at.button)


@pytest.mark.usefixtures("wanted")
@pytest.mark.parametrize("missing", [[], ["cookie_secret"], ["client_id", "redirect_uri"]])
def test_a_login_that_is_not_set_up_keeps_everybody_out_with_one_sentence(missing, engine):
    auth = {name: value for name, value in COMPLETE.items() if name not in missing}
    at = opened(**(auth if missing else {}))
    assert not shows_the_page(at)
    assert not engine.asked
    assert len(at.error) == 1
    said = at.error[0].value.replace("\\", "")
    assert "secrets.toml" in said
    for name in missing or COMPLETE:
        assert name in said
    assert not at.button


@pytest.mark.usefixtures("wanted")
def test_without_authlib_one_sentence_says_so(monkeypatch, engine):
    monkeypatch.setattr(login, "find_spec", lambda _name: None)
    at = opened(**COMPLETE)
    assert not shows_the_page(at)
    assert not engine.asked
    assert [("Authlib" in error.value, "--login" in error.value) for error in at.error] == [
        (True, True)
    ]


@pytest.mark.usefixtures("wanted")
def test_who_has_not_logged_in_sees_a_button_alone(engine):
    at = opened(**COMPLETE)
    assert not shows_the_page(at)
    assert not engine.asked
    assert not at.error
    assert [button.label for button in at.button] == ["Log in"]


def test_every_provider_has_a_button():
    shared = {name: COMPLETE[name] for name in login.SHARED}
    one = {name: COMPLETE[name] for name in login.OF_PROVIDER}
    assert login.providers({**shared, "uni": one, "half": {"client_id": "x"}}) == ["uni"]
    assert login.providers({**shared, **one}) == [None]


# --- a provider of OpenID Connect, as small as it can be -------------------------


class Provider(BaseHTTPRequestHandler):
    """Knows one person, and asks for no password."""

    key: ClassVar[Any]
    nonces: ClassVar[dict[str, str]]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/authorize":
            code = secrets.token_hex(8)
            self.nonces[code] = query.get("nonce", "")
            back = {"code": code, "state": query["state"]}
            self.send_response(302)
            self.send_header("Location", f"{query['redirect_uri']}?{urlencode(back)}")
            self.end_headers()
        elif parts.path == "/keys":
            self._json({"keys": [self.key.as_dict(private=False)]})
        else:
            self._json(
                {
                    "issuer": self._home(),
                    "authorization_endpoint": f"{self._home()}/authorize",
                    "token_endpoint": f"{self._home()}/token",
                    "jwks_uri": f"{self._home()}/keys",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )

    def do_POST(self) -> None:
        from joserfc import jwt

        length = int(self.headers["Content-Length"])
        code = parse_qs(self.rfile.read(length).decode())["code"][0]
        now = int(time.time())
        claims = {
            "iss": self._home(), "sub": "1", "aud": "advviz", "iat": now, "exp": now + 600,
            "nonce": self.nonces.pop(code), "name": "Ada Lovelace", "email": "ada@example.org",
        }  # fmt: skip
        token = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
        self._json({"access_token": "x", "token_type": "Bearer", "id_token": token})

    def _home(self) -> str:
        return f"http://localhost:{self.server.server_address[1]}"

    def _json(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def provider() -> Iterator[str]:
    """Serve one; yield its address."""
    from joserfc.jwk import RSAKey

    key = RSAKey.generate_key(2048, parameters={"kid": "one", "alg": "RS256", "use": "sig"})
    handler = type("Known", (Provider,), {"key": key, "nonces": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(find_spec("authlib") is None, reason="Authlib, of advviz[login], is not there")
def test_a_visitor_logs_in_looks_and_logs_out(browser, provider: str, tmp_path: Path):
    with served(tmp_path, ADVVIZ_LOGIN="1") as url:
        home = url.replace("127.0.0.1", "localhost")
        folder = tmp_path / ".streamlit"
        folder.mkdir()
        values = COMPLETE | {
            "redirect_uri": f"{home}/oauth2callback",
            "server_metadata_url": f"{provider}/.well-known/openid-configuration",
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        (folder / "secrets.toml").write_text("[auth]\n" + "\n".join(lines) + "\n")
        tab = browser.new_page()
        tab.set_default_timeout(120_000)
        tab.goto(f"{home}/compare")
        button = tab.get_by_role("button", name="Log in")
        button.wait_for()
        assert tab.locator(".av-strip, .av-board, nav a").count() == 0
        button.click()
        tab.wait_for_selector(".av-board")
        tab.wait_for_selector("text=Logged in: Ada Lovelace")
        tab.get_by_role("button", name="Log out").click()
        tab.get_by_role("button", name="Log in").wait_for()
        assert tab.locator(".av-board").count() == 0
        tab.close()
