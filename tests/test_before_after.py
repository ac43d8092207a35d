"""The before/after component: what it is told, and what it does in a browser."""

import base64
import re

import numpy as np
import pytest
from fake_engine import FakeEngine, made_up
from streamlit.testing.v1 import AppTest

from advviz import pictures, resources
from advviz.compute import shipped
from advviz.experiments.links import to_link
from advviz.models.records import record
from advviz.ui import before_after, state
from advviz.ui import setup as setups
from advviz.ui.before_after import Pair

LABEL = "Before and after"
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def pairs():
    setup = setups.default()
    results = [made_up(setup.attack(model)) for model in setup.models]
    return [
        Pair(record(model), result.arrays["original"], result.arrays["adversarial"])
        for model, result in zip(setup.models, results, strict=True)
    ]


def test_every_value_is_sent_exactly_and_a_shared_original_once():
    given = pairs()
    sent = before_after.told(given, False)["pictures"]
    assert [each["accent"] for each in sent] == ["av-standard", "av-robust"]
    assert sent[1]["original"] is None
    for pair, each in zip(given, sent, strict=True):
        read = np.frombuffer(base64.b64decode(each["attacked"]), "<f4")
        np.testing.assert_array_equal(read.reshape(pair.attacked.shape), pair.attacked)


def test_an_original_of_its_own_is_sent_too():
    first, second = pairs()
    other = Pair(second.record, first.original[:, ::-1], second.attacked)
    assert before_after.told([first, other], False)["pictures"][1]["original"] is not None


@pytest.mark.parametrize(("page", "count"), [("compare.py", 2), ("attack.py", 1)])
def test_a_closed_drawer_sends_nothing_and_an_open_one_every_picture(page, count, monkeypatch):
    monkeypatch.setattr(state, "engine", FakeEngine)
    told = []
    monkeypatch.setattr(before_after, "_component", lambda data, **_: told.append(data))
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=90)
    at.switch_page(str(resources.pages() / page)).run()
    assert not told
    at.session_state["av.closer"] = True
    at.run()
    assert not at.exception
    assert [len(data["pictures"]) for data in told] == [count]


# --- in a browser -------------------------------------------------------------


def levels(tab, stage: int, layer: int) -> np.ndarray:
    """The 8-bit pixels [S, S, 3] that a canvas holds."""
    shown = tab.evaluate(
        """([stage, layer]) => {
          const box = document.querySelectorAll('.av-ba-stage')[stage];
          const canvas = box.querySelectorAll('canvas')[layer];
          const image = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          return [canvas.width, [...image.data]];
        }""",
        [stage, layer],
    )
    side, data = shown
    return np.array(data, np.uint8).reshape(side, side, 4)[..., :3]


def opened(tab, address: str):
    tab.goto(address)
    tab.get_by_text(LABEL).click()
    tab.locator(".av-ba-stage canvas").first.wait_for()
    tab.wait_for_selector(READY)
    return tab.get_by_role("slider", name=re.compile("wipe between"))


@pytest.fixture
def tab(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(120_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    page.close()
    assert not faults


@pytest.mark.browser
@pytest.mark.slow
def test_two_models_are_wiped_blinked_and_zoomed_together(tab, app_url: str):
    """By keyboard alone, on the board that every visitor sees first."""
    setup = setups.default()
    stages = opened(tab, f"{app_url}/compare?{to_link(setup.board)}")
    assert stages.count() == 2
    results = [shipped.read(setup.attack(model)) for model in setup.models]
    for stage, result in enumerate(results):
        for layer, name in enumerate(("original", "adversarial")):
            wanted = pictures.photo(result.arrays[name])
            np.testing.assert_array_equal(levels(tab, stage, layer), wanted)

    first = stages.first
    first.focus()
    values = [first.get_attribute("aria-valuenow")]
    for key in ("ArrowRight", "ArrowLeft", "ArrowLeft", "End", "Home"):
        tab.keyboard.press(key)
        values.append(first.get_attribute("aria-valuenow"))
        assert stages.nth(1).get_attribute("aria-valuenow") == values[-1]
    assert values == ["50", "55", "50", "45", "100", "0"]
    clips = "all => all.map(layer => layer.style.clipPath)"
    assert set(tab.eval_on_selector_all(".av-ba-layer:nth-child(2)", clips)) == {
        "inset(0px 0px 0px 0%)"
    }

    tab.keyboard.press("Space")
    for word in ("original", "attacked", "original"):
        tab.wait_for_selector(f".av-ba-stage[aria-valuetext='{word}']")
    assert first.evaluate("box => box === document.activeElement")
    tab.keyboard.press("Space")
    tab.wait_for_selector(".av-ba-stage[aria-valuetext*='% of the width']")

    tab.keyboard.press("+")
    tab.keyboard.press("+")
    assert tab.locator(".av-ba-zoom").inner_text() == "×4"
    widths = tab.eval_on_selector_all(".av-ba-stage canvas", "all => all.map(c => c.style.width)")
    assert widths == ["1792px"] * 4
    tab.keyboard.press("-")
    assert tab.locator(".av-ba-zoom").inner_text() == "×2"


def numbers(text: str) -> list[float]:
    return [float(part.replace("−", "-")) for part in text.split(" · ")]


@pytest.mark.browser
@pytest.mark.slow
def test_the_values_under_the_pointer_are_those_of_the_array(tab, app_url: str):
    setup = setups.default()
    spec = setup.attack(setup.board.standard)
    arrays = shipped.read(spec).arrays
    stage = opened(tab, f"{app_url}/attack?{to_link(spec)}").first
    before, after = (arrays[name].astype(np.float64) for name in ("original", "adversarial"))

    def check(column: int, row: int) -> None:
        tab.wait_for_selector(f".av-ba-place:has-text('column {column}, row {row};')")
        cells = [numbers(text) for text in tab.locator(".av-ba-figure td").all_inner_texts()]
        rows = (before, after, after - before)
        wanted = [planes[channel, row, column] for planes in rows for channel in range(3)]
        for (of_255, of_1), value in zip(cells, wanted, strict=True):
            assert of_255 == pytest.approx(255 * value, abs=0.0051)
            assert of_1 == pytest.approx(value, abs=0.000051)

    stage.scroll_into_view_if_needed()
    scale = stage.bounding_box()["width"] / before.shape[-1]

    def point(column: int, row: int) -> None:
        """Move there; again, while what stands above is still being drawn and moves it away."""
        named = tab.locator(f".av-ba-place:has-text('column {column}, row {row};')")
        for _ in range(60):
            stage.hover(position={"x": (column + 0.5) * scale, "y": (row + 0.5) * scale})
            if named.count():
                return
            tab.wait_for_timeout(500)

    point(7, 50)
    check(7, 50)
    point(40, 3)
    check(40, 3)
    stage.focus()
    tab.keyboard.press("Shift+ArrowDown")
    tab.keyboard.press("Shift+ArrowLeft")
    check(39, 4)
    tab.keyboard.press("+")  # the pixel that was looked at stays in view
    place, marker = stage.bounding_box(), tab.locator(".av-ba-pixel").bounding_box()
    assert place["x"] - 1 <= marker["x"] <= place["x"] + place["width"]
    assert marker["width"] == pytest.approx(2 * scale)
    tab.mouse.move(marker["x"] + scale, marker["y"] + scale)
    check(39, 4)


@pytest.mark.browser
@pytest.mark.slow
def test_whoever_asks_for_less_motion_switches_by_hand(browser, app_url: str):
    tab = browser.new_page(reduced_motion="reduce")
    tab.set_default_timeout(120_000)
    setup = setups.default()
    stage = opened(tab, f"{app_url}/attack?{to_link(setup.attack(setup.board.standard))}").first
    stage.focus()
    tab.keyboard.press("Space")
    assert stage.get_attribute("aria-valuetext") == "original"
    tab.wait_for_timeout(1200)
    assert stage.get_attribute("aria-valuetext") == "original"
    tab.keyboard.press("Space")
    assert stage.get_attribute("aria-valuetext") == "attacked"
    tab.close()
