"""A student's path through all chapters in a browser, in both languages; and a class on one.

Streamlit's real server, real weights, headless Chromium. No times: `benchmarks/lessons.py` takes
them.
"""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from advviz.ui.lessons import place
from advviz.ui.lessons.experiments import FIGURES
from advviz.ui.lessons.scene import Scene
from benchmarks.lessons import READY, experiments, predict, shown
from benchmarks.recorded_app import Served, free_port, served
from benchmarks.websocket_client import Client

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CLASS = 60
PATIENCE = 900.0  # seconds: not a limit on the server's speed, only on the test's waiting


@pytest.fixture(scope="module")
def visitor(browser: "Browser") -> "Iterator[BrowserContext]":
    """One browser profile: what it remembers lasts from visit to visit."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(900_000)
        yield context


@pytest.fixture
def page(visitor: "BrowserContext") -> "Iterator[Page]":
    tab = visitor.new_page()
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    yield tab
    assert "Traceback" not in tab.inner_text("body")
    tab.close()
    assert not faults


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_student_goes_through_all_chapters(page: "Page", app_url: str, language: str):
    """Every experiment is predicted, run and shown; formulas are typeset; nothing overflows."""
    visited = 0
    for chapter, experiment in experiments(language):
        page.goto(f"{app_url}/lessons?chapter={chapter.number}&experiment={experiment.id}"
                  f"&lang={language}")  # fmt: skip
        predict(page, experiment)
        shown(page)
        text = page.inner_text("body")
        assert chapter.title in text
        assert experiment.look_for.split("。")[0][:10] in text
        page.wait_for_selector(".katex", state="attached")
        assert page.locator(".katex-error").count() == 0
        assert page.locator('[data-testid="stException"]').count() == 0
        alarms = page.locator('[data-testid="stAlert"]').count()
        assert alarms == (experiment.id == "collapse"), "a collapse is said as an alarm"
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        visited += 1
    assert visited >= 16


@pytest.mark.browser
@pytest.mark.slow
def test_a_prediction_stays_in_the_browser_and_is_there_on_the_next_visit(
    page: "Page", serve_app: Callable[..., str]
):
    url = serve_app()
    link = f"{url}/lessons?chapter=8&experiment=price&lang=en"
    page.goto(link)
    page.wait_for_selector(".av-predict")
    assert page.locator(".av-notice").count() == 0, "nothing is shown before the prediction"
    page.locator(".av-why").fill("my own words")
    page.locator(".av-options input").nth(2).check()
    page.locator(".av-show").click()
    shown(page)
    assert "It falls" in page.inner_text(".av-predicted")
    page.goto(link)  # another session of the server: only the browser knows
    shown(page)
    assert "It falls" in page.inner_text(".av-predicted")
    assert "my own words" in page.inner_text(".av-predict")

    with page.expect_popup() as opened:  # the sheet to print
        page.get_by_role("button", name="Print my sheet").click()
    sheet = opened.value
    sheet.wait_for_selector("#prediction p")
    assert "It falls" in sheet.inner_text("#prediction")
    assert "my own words" in sheet.inner_text("#prediction")
    assert "chapter=8" in sheet.inner_text("body")
    sheet.close()

    page.goto(link + "&present=true")
    shown(page)
    page.locator(".av-hands input").first.fill("17")
    kept = page.evaluate("Object.entries(localStorage).filter(([k]) => k.startsWith('advviz'))")
    (entry,) = [json.loads(value) for key, value in kept if key.endswith("honestly.price")]
    assert entry["hands"] == {"0": 17}
    page.get_by_role("button", name="Predict again").click()
    page.wait_for_selector(".av-show")
    page.wait_for_function("!document.querySelector('.av-notice')")


@pytest.mark.browser
@pytest.mark.slow
def test_a_set_up_is_carried_to_compare_and_leads_back(page: "Page", app_url: str):
    page.goto(f"{app_url}/lessons?chapter=1&experiment=goldfish&lang=en")
    predict(page, place.shelf("en").chapters[0].experiments[0])
    shown(page)
    page.get_by_role("link", name="Open in Compare").click()
    page.wait_for_selector(".av-board")
    page.wait_for_function("location.pathname == '/compare'")
    page.wait_for_selector(READY)
    prepared = dict(parse_qsl(place.shelf("en").chapters[0].experiments[0].query))
    assert prepared.items() <= dict(parse_qsl(urlsplit(page.url).query)).items()
    page.get_by_role("link", name="Back to chapter").click()
    page.wait_for_function("location.pathname == '/lessons'")
    shown(page)
    assert dict(parse_qsl(urlsplit(page.url).query))["chapter"] == "1"


# --- sixty at once ------------------------------------------------------------------


@pytest.mark.slow
def test_a_class_on_one_chapter_costs_one_computation(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("class")
    environment = os.environ | {"ADVVIZ_CACHE": str(folder / "cache")}
    chapter = place.shelf("en").chapters[1]
    experiment = chapter.experiment("steps")
    wanted = FIGURES["series"].specs(Scene(experiment, place.prepared_setup(experiment)))

    async def story(server: Served) -> None:
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(Client(server.url)) for _ in range(CLASS)]
            query = f"chapter={chapter.number}&experiment={experiment.id}"
            await asyncio.gather(*(client.open("lessons", query) for client in clients))
            for client in clients:
                assert chapter.title in client.html

    # In a thread of its own: a browser's test before this one leaves its loop in the main one.
    with served(folder, free_port(), environment) as server, ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, asyncio.wait_for(story(server), PATIENCE)).result()
        begun = [event["of"] for event in server.events("begun")]
    counts: dict[Any, int] = {spec: begun.count(_link(spec)) for spec in wanted}
    assert len(counts) == 8
    # One came with advviz, so that nobody computes it; each other was computed once for all.
    assert set(counts.values()) <= {0, 1}
    assert sum(counts.values()) >= len(counts) - 2


def _link(spec: Any) -> str:
    from advviz.experiments.links import to_link

    return to_link(spec)
