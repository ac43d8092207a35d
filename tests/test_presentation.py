"""The board for a projector: two screens, large letters, and keys."""

import json
import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.experiments.links import to_query
from advviz.ui import presentation, state
from advviz.ui import setup as setups

READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def test_what_is_shown_is_the_board_of_the_link(monkeypatch):
    engine = FakeEngine()
    monkeypatch.setattr(state, "engine", lambda: engine)
    told = []
    monkeypatch.setattr(presentation, "_keys", lambda data, **_: told.append(data))
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=90)
    at.switch_page(str(resources.pages() / "present.py"))
    board = setups.default().with_board(eps=3.0, target="bus").board
    for name, value in to_query(board).items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    shown = " ".join(element.proto.body for element in at.get("html"))
    assert shown.count('class="av-tile"') == 12
    assert shown.count("av-present-row") >= 4
    assert re.search(r"Fooled → bus", shown)
    (data,) = told
    assert data["strengths"][data["current"]] == "L2 3.0"
    back = dict(parse_qsl(urlsplit(data["back"]).query, keep_blank_values=True))
    assert to_query(board).items() <= back.items()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "height", "side"), [(1280, 720, 256), (1600, 900, 320), (1920, 1080, 384)]
)
def test_it_fits_on_a_projector_and_is_led_by_keys(browser, app_url: str, width, height, side):
    tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark")
    tab.set_default_timeout(120_000)
    tab.goto(f"{app_url}/compare")
    tab.wait_for_selector(".av-board")
    tab.wait_for_selector(READY)
    tab.get_by_role("link", name="For a projector").click()
    tab.wait_for_selector(".av-present")
    tab.wait_for_function("!document.querySelector('.av-waiting')")
    tab.wait_for_selector(READY)
    before = tab.locator(".av-present-bar output").first.inner_text()

    def sides() -> list[list[int]]:
        return tab.eval_on_selector_all(
            ".av-present img",
            "all => all.filter(i => i.offsetParent).map(i => [i.width, i.height])",
        )

    def lowest() -> float:
        return tab.locator(".av-present-bar").evaluate("bar => bar.getBoundingClientRect().bottom")

    assert sides() == [[side, side]] * 6
    assert lowest() <= height
    smallest = tab.evaluate(
        """() => Math.min(...[...document.querySelectorAll('.av-present *, .av-present-bar *')]
            .filter((e) => e.offsetParent && [...e.childNodes].some((n) => n.nodeType === 3))
            .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""
    )
    assert smallest >= 24
    ground = tab.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert json.loads("[" + re.sub(r"[^\d,]", "", ground) + "]")[:3] == [255, 255, 255]

    tab.keyboard.press("ArrowRight")
    tab.wait_for_selector(".av-present-2 >> visible=true")
    assert tab.locator(".av-present-1").is_hidden()
    assert sides() == [[side, side]] * 6
    assert lowest() <= height
    tab.keyboard.press("ArrowUp")
    tab.wait_for_function(
        "before => document.querySelector('.av-present-bar output').textContent !== before",
        arg=before,
    )
    tab.wait_for_url(re.compile("eps=1.25|eps=1.5|eps=2"))
    assert tab.locator(".av-present-2").is_visible()
    tab.keyboard.press("Escape")
    tab.wait_for_url(re.compile("/compare\\?"))
    tab.wait_for_selector(".av-board")
    assert tab.locator('[data-testid="stHeader"]').is_visible()
    tab.close()
