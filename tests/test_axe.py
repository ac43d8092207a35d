"""Every page as axe-core sees it, in Chromium, light and dark.

axe-core 4.14.1 lies in `tests/axe` as its authors built it, under the Mozilla Public License 2.0
(`tests/axe/LICENSE`); it is no part of what is installed.
"""

from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from advviz.ui import navigation

AXE = Path(__file__).with_name("axe") / "axe.min.js"
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
PATIENCE = 45_000  # milliseconds
GRAVE = ("serious", "critical")
NAMES = ["" if file == "home.py" else file.removesuffix(".py") for file, _, _ in navigation.PAGES]
DRAWERS = {
    "compare": ("Before and after", "Take it home"),
    "attack": ("Before and after",),
    "feature_visualization": ("Take it home",),
}
"""Drawers of a page that are looked into too."""

DRAWN = {"Before and after": ".av-ba-stage canvas", "Take it home": '[data-testid="stCode"]'}
"""What only the run that the click asked for draws in a drawer: until then the page may be ready
as it was, or pale while it is drawn anew."""

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def findings(tab) -> list[str]:
    """What is serious or critical on a page, each with the elements that it is about."""
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = tab.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(told => told.violations)"
    )
    return [
        f"{one['impact']}: {one['help']}: {node['html'][:200]}: {node['failureSummary']}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def outline(tab) -> list[int]:
    """The levels of a page's headings, in the order in which they are heard."""
    found: list[int] = tab.evaluate(
        """() => [...document.querySelectorAll("h1,h2,h3,h4,h5,h6,[role=heading]")].map(
            (one) => Number(one.getAttribute("aria-level") ?? one.tagName[1]))"""
    )
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_no_serious_finding(browser, app_url: str, name: str, scheme: str):
    from playwright.sync_api import TimeoutError as TooLate

    tab = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    tab.set_default_timeout(120_000)
    tab.goto(f"{app_url}/{name}")
    tab.wait_for_selector(".stMainBlockContainer .av")
    with suppress(TooLate):  # a page that computes for longer is looked at while it does
        tab.wait_for_selector(READY, timeout=PATIENCE)
    for drawer in DRAWERS.get(name, ()):
        tab.get_by_text(drawer).first.click()
        opened = tab.locator("details[open]").filter(has_text=drawer)
        opened.locator(DRAWN[drawer]).first.wait_for()
        tab.wait_for_selector(READY)
    found, levels = findings(tab), outline(tab)
    tab.close()
    assert not found, "\n".join(found)
    # What a screen reader leaps by: the app, the page, its parts; no level is left out.
    assert levels[:2] == [1, 2]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_axe_finds_what_is_wrong(browser):
    """A guard against a check that sees nothing: a picture without words, and pale letters."""
    tab = browser.new_page()
    tab.set_content(
        "<html lang='en'><title>x</title><main><h1>x</h1><img src='data:,'>"
        "<p style='color:#bbb;background:#fff'>pale</p></main></html>"
    )
    found = findings(tab)
    tab.close()
    assert any("<img" in one for one in found)
    assert any("pale" in one for one in found)
