"""The board for a projector: two screens, large letters, and keys."""

import json
import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.experiments.links import to_link, to_query
from advviz.ui import presentation, state, words
from advviz.ui import setup as setups
from advviz.ui.strengths import STOPS

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
    assert data["stops"][data["current"]] == 3.0
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
    tab.wait_for_selector(".av-present-2 >> visible=true")
    tab.keyboard.press("Escape")
    tab.wait_for_url(re.compile("/compare\\?"))
    tab.wait_for_selector(".av-board")
    assert tab.locator('[data-testid="stHeader"]').is_visible()
    tab.close()


@pytest.mark.browser
@pytest.mark.slow
def test_every_key_counts_however_fast_they_are_pressed(browser, app_url: str):
    """The server's answer to a key may come after the next one; that one must not count from it."""
    board = setups.default().with_board(eps=0.25).board
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    tab = context.new_page()
    tab.set_default_timeout(120_000)
    tab.goto(f"{app_url}/present?{to_link(board)}")
    tab.wait_for_selector(".av-present-bar")
    tab.wait_for_selector(READY)
    chosen = tab.locator(".av-present-bar output").first
    place = STOPS["l2"].index(board.eps)
    throttle = context.new_cdp_session(tab)
    throttle.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    for key, pause in [("ArrowUp", 0), ("ArrowUp", 150), ("ArrowUp", 300), ("ArrowDown", 40)] * 2:
        tab.keyboard.press(key)
        place += 1 if key == "ArrowUp" else -1
        assert chosen.inner_text() == words.strength("l2", STOPS["l2"][place])
        tab.wait_for_timeout(pause)
    throttle.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    tab.wait_for_url(re.compile(re.escape(f"eps={STOPS['l2'][place]}&")))
    tab.wait_for_selector(READY)
    assert chosen.inner_text() == words.strength("l2", STOPS["l2"][place])
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Escape")
    tab.wait_for_url(re.compile(rf"/compare\?.*eps={re.escape(str(STOPS['l2'][place - 1]))}&"))
    context.close()
