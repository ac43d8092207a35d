"""The shell around the pages: how the app is served, and the main journey in a browser."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit import config
from streamlit.web.server.app_discovery import discover_asgi_app

from advviz import resources
from advviz.errors import InvalidInputError
from advviz.experiments.board import BoardSpec
from advviz.experiments.links import to_link
from advviz.experiments.specs import VisualizeSpec
from advviz.models import uploaded
from advviz.ui import launcher, navigation

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
BOARD = ".av-board img"
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def test_streamlit_run_finds_the_app():
    assert discover_asgi_app(ROOT / "app.py").is_asgi_app


def test_the_entry_script_is_no_sibling_of_the_pages():
    """A folder `pages` beside it would break the first deep link of every process."""
    assert not (resources.entry_script().parent / "pages").exists()
    assert resources.entry_script().is_file()


def test_every_page_script_is_in_the_navigation():
    files = [file for file, _, _ in navigation.PAGES]
    assert sorted(files) == sorted(path.name for path in resources.pages().glob("*.py"))
    assert files[0] == "home.py"


def test_settings_come_from_the_one_file(monkeypatch: pytest.MonkeyPatch):
    path = resources.pages().parent / ".streamlit" / "config.toml"
    with path.open("rb") as file:
        table = tomllib.load(file)
    monkeypatch.setattr(config, "is_manually_set", lambda name: name == "theme.baseRadius")
    settings = launcher.settings()
    assert "theme.baseRadius" not in settings
    assert settings["theme.dark.textColor"] == table["theme"]["dark"]["textColor"]
    assert settings["runner.postScriptGC"] is False
    assert settings["browser.gatherUsageStats"] is False
    assert settings["server.maxUploadSize"] == uploaded.LIMIT // 2**20
    assert all(name in config._config_options_template for name in settings)


@pytest.mark.parametrize("error", [InvalidInputError("eps must be at most 100"), KeyError("x")])
def test_an_unexpected_error_is_one_sentence(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    said: list[str] = []
    monkeypatch.setattr(launcher.st, "error", said.append)
    assert launcher.apologise(error) is True
    assert len(said) == 1
    assert "KeyError" not in said[0]
    assert ("KeyError" in caplog.text) == isinstance(error, KeyError)


# --- in a browser ---------------------------------------------------------------


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """A tab that fails the test on any error in the page itself."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.set_default_timeout(500_000)
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    yield tab
    text = tab.inner_text("body")
    tab.close()
    assert not faults
    assert "Traceback" not in text


def finished(page: "Page") -> None:
    """Wait until every picture of the board is there."""
    page.wait_for_selector(".av-board")
    page.wait_for_function("!document.querySelector('.av-waiting')")
    page.wait_for_selector(READY)


def verdicts(page: "Page") -> list[str]:
    return page.locator(".av-verdict").all_inner_texts()


def choose(page: "Page", label: str, words: str, shows: str) -> None:
    """Choose in a selectbox by typing; again, if the page was redrawn under the hand."""
    from playwright.sync_api import TimeoutError as TooLate

    for patience in (15_000, 120_000):
        page.wait_for_selector(READY)
        page.get_by_role("combobox", name=re.compile(label)).click()
        page.keyboard.type(words)
        page.keyboard.press("Enter")
        with suppress(TooLate):
            page.wait_for_selector(f"text={shows}", timeout=patience)
            return
    pytest.fail(f"{words} was chosen, and {shows!r} never came")


@pytest.mark.browser
@pytest.mark.slow
def test_the_main_journey(page: "Page", serve_app: Callable[..., str]):
    """Choose, run, watch, read verdicts and maps, stop a long run, pass the link on."""
    url = serve_app()
    page.goto(f"{url}/compare")
    page.wait_for_selector(".av-board")

    choose(page, "Picture", "Goose", "bird →")
    choose(page, "Target", "bus", "bird → bus")
    finished(page)
    seen = verdicts(page)
    assert len(seen) == 2
    assert all(text[0] in "✗◐✓–" for text in seen)
    assert page.locator(BOARD).count() == 12
    sizes = page.eval_on_selector_all(BOARD, "all => all.map(i => [i.width, i.complete])")
    assert sizes == [[192, True]] * 12
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    passed_on = page.url

    page.get_by_text("Advanced:").click()
    page.get_by_label("Steps", exact=True).fill("1000")
    page.keyboard.press("Enter")
    page.wait_for_selector(".av-waiting")  # it runs, and is watched
    page.wait_for_selector("text=of 1000")  # progress
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector(".av-verdict:has-text('stopped')")
    page.wait_for_selector(READY)

    fresh = serve_app()
    query = urlsplit(passed_on).query
    page.goto(f"{fresh}/compare?{query}")
    finished(page)
    assert verdicts(page) == seen
    assert dict(parse_qsl(urlsplit(page.url).query)) == dict(parse_qsl(query))


@pytest.mark.browser
@pytest.mark.slow
def test_the_attack_is_replayed_by_one_scrubber(page: "Page", app_url: str):
    strong = BoardSpec(eps=10.0)
    page.goto(f"{app_url}/?{to_link(strong.attack_on(strong.standard))}")
    scrub = page.get_by_role("slider", name="Step of the attack")
    scrub.wait_for()
    page.wait_for_selector(READY)  # until then it may be drawn anew, under the hand
    last = page.get_attribute(".av-stage img", "src")
    assert "the picture that the attack returns" in page.locator(".av-step").inner_text()
    scrub.focus()
    page.keyboard.press("Home")
    assert page.locator(".av-step").inner_text().startswith("step 0 of 20")
    assert page.get_attribute(".av-stage img", "src") != last
    first = page.get_by_role("button", name=re.compile("first fooled"))
    first.click()
    assert "first fooled" in page.locator(".av-step").inner_text()
    page.locator(".av-replay summary").click()
    rows = page.locator(".av-replay tbody tr")
    assert rows.count() == 21
    assert rows.first.locator("td").first.inner_text() == "0"
    scrub.focus()
    page.keyboard.press("End")
    last = rows.last.locator("td").nth(1).inner_text()
    assert last == page.locator(".av-bars .av-told").first.inner_text()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["", "attack", "saliency", "feature_visualization", "ladder", "lessons", "evaluate", "models",
     "compute"],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_finishes_in_both_themes(
    browser: "Browser", app_url: str, name: str, scheme: str
):
    tab = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    tab.set_default_timeout(500_000)
    tab.goto(f"{app_url}/{name}")
    tab.wait_for_selector(".av-strip")
    tab.wait_for_function("!document.querySelector('.av-waiting')")
    tab.wait_for_selector(READY)
    assert tab.locator('[data-testid="stException"]').count() == 0
    assert tab.locator('[data-testid="stAlert"]').count() == 0
    assert tab.evaluate("document.documentElement.scrollWidth") <= 1280
    ground = tab.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    light = sum(json.loads("[" + re.sub(r"[^\d,]", "", ground) + "]")) > 380
    assert light == (scheme == "light")
    missing = tab.eval_on_selector_all("img", "all => all.filter(i => !i.alt).length")
    assert missing == 0
    tab.close()


@pytest.mark.browser
@pytest.mark.slow
def test_a_bare_link_goes_to_the_page_that_shows_it(page: "Page", serve_app: Callable[..., str]):
    """The first visitor of a fresh process pastes a link without a page."""
    url = serve_app()
    spec = VisualizeSpec(model="tiny14-standard", unit="class:car", steps=3, seed=2)
    page.goto(f"{url}/?{to_link(spec)}")
    page.wait_for_selector("text=drew car")
    page.wait_for_selector(READY)
    assert urlsplit(page.url).path == "/feature_visualization"
    assert "seed=2" in page.url
