"""The Story: six screens with measured figures, for arrow keys, a projector and paper."""

import json
import re

import pytest
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.evaluation import story as figures
from advviz.evaluation.gallery_table import Outcome
from advviz.models.records import record
from advviz.ui import state
from advviz.ui.story_figures import measured

STANDARD, ROBUST = figures.MODELS


@pytest.fixture
def story(monkeypatch):
    fake = FakeEngine()
    monkeypatch.setattr(state, "engine", lambda: fake)
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=60)
    at.switch_page(str(resources.pages() / "story.py")).run()
    assert not at.exception, at.exception
    (body,) = (e.proto.body for e in at.get("html") if '<div class="av-story">' in e.proto.body)
    return re.sub(r'src="data:[^"]*"', "", body).split('<section class="av-screen"')[1:]


def test_there_are_six_screens_with_the_figures_that_were_measured(story):
    assert len(story) == 6
    flip, gallery, stops, price, maps, _ = story
    assert flip.count("<img") == 3
    assert maps.count("<img") == 2
    for model in (STANDARD, ROBUST):
        found = record(model).accuracies["l2-1.0-r1"]
        assert f"<b>{100 * found['robust_accuracy']['value']:.0f}%</b>" in gallery
        assert f"<b>{100 * found['clean_accuracy']['value']:.0f}%</b>" in price
    assert gallery.count("<img") == 2 * len(measured()["gallery"])
    for entry in measured()["driven"]:
        assert f"<span>{entry[ROBUST]}</span>" in stops
    assert "not proof" in maps


def test_the_figures_are_of_the_weights_that_ship():
    path = resources.assets() / "figures" / figures.FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["weights"] == {model: record(model).sha256 for model in figures.MODELS}
    verdicts = [entry["verdicts"] for entry in content["gallery"]]
    assert content["right_for_both"] == sum("wrong" not in each.values() for each in verdicts)
    at_eps = next(entry for entry in content["driven"] if entry["eps"] == content["eps"])
    for model in figures.MODELS:
        right = [v[model] for v in verdicts if "wrong" not in v.values()]
        assert right.count("fooled") == at_eps[model]


# --- counting --------------------------------------------------------------------


def driven(first):
    """A gallery of dogs, each driven to a cat from its first stop on; None: wrong before."""

    def outcome(stop, eps):
        hit = stop is not None and eps >= stop
        return Outcome(
            picture="x", true_class="dog", target="cat", before="dog" if stop else "bird",
            answer="cat" if hit else "dog", confidence=1.0, l2=eps, success=hit,
        )  # fmt: skip

    return {
        (model, eps): [outcome(stop, eps) for stop in stops]
        for model, stops in zip(figures.MODELS, first, strict=True)
        for eps in figures.STOPS
    }


def test_stops_are_counted_of_the_pictures_that_both_get_right():
    found = figures.figures(driven([(0.25, 0.5, 1.0, None), (3.0, 5.0, 99.0, 0.1)]))
    assert found["right_for_both"] == 3
    assert found["median_first_stop"] == {STANDARD: 0.5, ROBUST: 5.0}
    assert found["driven"][-1] == {"eps": 20.0, STANDARD: 3, ROBUST: 2}
    assert [e["verdicts"][STANDARD] for e in found["gallery"]] == ["fooled"] * 3 + ["wrong"]


def test_a_model_that_mostly_holds_has_no_median():
    found = figures.figures(driven([(0.25, 0.25, 0.25), (99.0, 99.0, 3.0)]))
    assert found["median_first_stop"] == {STANDARD: 0.25, ROBUST: None}


# --- in a browser ----------------------------------------------------------------


AT_SCREEN = (
    "([...document.querySelectorAll('.av-screen')].findIndex("
    "s => Math.abs(s.getBoundingClientRect().top - 58) < 20) + 1)"
)
"""Which screen stands at the top, by its place."""


def at_screen(page):
    return page.evaluate(AT_SCREEN)


JOURNEY = [("ArrowLeft", 2), ("PageUp", 1), ("ArrowLeft", 1), ("PageDown", 2),
           ("End", 6), ("Home", 1), ("ArrowRight", 2)]  # fmt: skip
SLOWNESS = 6  # times slower than this machine, for what must not depend on who is first


@pytest.fixture
def opened(app_url, browser):
    """Open the Story at screen 3, in a window of a size and on a processor of a speed."""
    contexts = []

    def open_at(width=1280, height=720, slowness=1):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}))
        page = contexts[-1].new_page()
        page.set_default_timeout(300_000)
        page.goto(f"{app_url}/story?screen=3")
        page.wait_for_function("document.querySelectorAll('.av-screen img').length > 20")
        reads(page, 3)
        throttle = contexts[-1].new_cdp_session(page)
        throttle.send("Emulation.setCPUThrottlingRate", {"rate": slowness})
        return page

    yield open_at
    for context in contexts:
        context.close()


def reads(page, number):
    """Wait until the pager and the address say which screen is read, and see that it is that."""
    page.wait_for_function(
        """number => document.querySelector('.av-pager span')?.textContent === `${number} / 6`
        && new URLSearchParams(location.search).get('screen') === String(number)""",
        arg=number,
    )
    if number < 6:  # the last is short: the page ends before
        page.wait_for_function(f"number => {AT_SCREEN} === number", arg=number)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080)])
def test_the_arrow_keys_go_through_the_screens_and_each_has_a_link(opened, size):
    page = opened(*size)
    assert at_screen(page) == 3
    for key, wanted in JOURNEY:
        page.keyboard.press(key)
        reads(page, wanted)
    sizes = page.evaluate(
        "[...document.querySelectorAll('.av-story *')].filter(e => [...e.childNodes].some("
        "n => n.nodeType === 3 && n.textContent.trim())).map(e => "
        "parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 24
    assert page.evaluate(
        "[...document.querySelectorAll('.av-screen')].every("
        "s => s.scrollHeight <= innerHeight && s.scrollWidth <= innerWidth)"
    )
    page.emulate_media(media="print", color_scheme="dark")  # paper is white all the same
    grounds = page.evaluate(
        "['html', 'body', '.stApp'].map(e => getComputedStyle("
        "document.querySelector(e)).backgroundColor)"
    )
    assert set(grounds) == {"rgb(255, 255, 255)"}
    assert page.get_by_text("中文").is_hidden()
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 6


@pytest.mark.browser
@pytest.mark.slow
def test_no_key_is_lost_on_a_slow_machine_however_fast_they_are_pressed(opened):
    """A report of where the page stood must not count once another key was pressed."""
    page = opened(slowness=SLOWNESS)
    for _ in range(8):
        for key, _ in JOURNEY:
            page.keyboard.press(key)
        page.wait_for_timeout(300)  # for whatever would still come, and change the place
        reads(page, 2)


@pytest.mark.browser
@pytest.mark.slow
def test_the_place_outlives_a_new_drawing_and_follows_a_hand_that_scrolls(opened):
    page = opened()
    page.keyboard.press("ArrowRight")
    reads(page, 4)
    page.set_viewport_size({"width": 1600, "height": 900})
    page.wait_for_function("innerHeight === 900")
    reads(page, 4)
    page.get_by_text("中文").click()
    page.wait_for_selector(".av-screen[aria-label*='第 4 屏']")
    reads(page, 4)
    page.mouse.move(600, 400)
    page.mouse.wheel(0, -840)
    page.wait_for_function("location.search.includes('screen=3')")
    page.keyboard.press("PageUp")  # one step: no listener of the drawing before is left
    reads(page, 2)
