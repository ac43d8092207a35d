"""The page of layer atlases: what is asked, what a unit shows, and what a click does."""

import base64
import re

import numpy as np
import pytest
from fake_engine import UNITS, made_up
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.experiments import links
from advviz.experiments.atlas import AtlasSpec, pictures_of
from advviz.experiments.responses import ResponsesSpec, ranked
from advviz.experiments.specs import VisualizeSpec
from advviz.pictures.tiles import from_webp
from advviz.ui import atlas
from advviz.ui import setup as setups

READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
STANDARD, ROBUST = "tiny14-standard", "tiny14-robust-l2"


@pytest.fixture
def told(monkeypatch):
    """What the component was told, run by run."""
    kept = []
    monkeypatch.setattr(atlas, "_component", lambda data, **_: kept.append(data))
    return kept


def opened(**query):
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=90)
    at.switch_page(str(resources.pages() / "atlas.py"))
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def shown(at):
    assert not at.exception, at.exception
    return " ".join(element.proto.body for element in at.get("html"))


def query(spec, **view):
    return links.to_query(spec) | {f"show.{name}": str(value) for name, value in view.items()}


def test_both_models_are_drawn_alike_in_the_background(engine, told):
    page = shown(opened())
    drawn = [spec for spec in engine.asked if isinstance(spec, AtlasSpec)]
    assert drawn == [AtlasSpec(model=STANDARD), AtlasSpec(model=ROBUST)]
    assert engine.background == [False, True]
    (data,) = told
    assert [sheet["model"] for sheet in data["sheets"]] == ["unit_standard", "unit_robust"]
    for sheet in data["sheets"]:
        assert [each["unit"] for each in sheet["units"]] == list(range(UNITS))
        assert sheet["links"][7].startswith("feature_visualization?")
        drawing = links.from_link(sheet["links"][7])
        assert isinstance(drawing, VisualizeSpec)
        assert (drawing.unit, drawing.steps) == ("channel:flatten:7", 60)
    assert "class weights" in page
    assert "Equal numbers in the two models mean nothing" in page


@pytest.mark.parametrize("by", ["number", "response", "likeness"])
def test_every_order_has_every_unit_once_and_says_which_is_never_active(engine, told, by):
    opened(**query(AtlasSpec(model=ROBUST, layer="layer2"), order=by))
    for sheet in told[-1]["sheets"]:
        numbers = [each["unit"] for each in sheet["units"]]
        assert sorted(numbers) == list(range(UNITS))
        silent = [each for each in sheet["units"] if each["silent"]]
        assert [each["unit"] for each in silent] == [3]
        assert "never active" in silent[0]["name"]
        if by == "response":
            assert (numbers[0], numbers[-1]) == (UNITS - 1, 3)
    assert engine.asked


def test_a_unit_that_is_chosen_shows_its_own_crops(engine, told):
    """Strongest first, with their values; another layer begins at its first unit."""
    at = opened(**query(AtlasSpec(model=ROBUST, layer="layer2"), unit_robust=5, unit_standard=3))
    page = shown(at)
    assert "unit 5 of layer2" in page
    assert "unit 3 of layer2" in page
    assert page.count("never active: above 0 on none") == 1
    answers = made_up(ResponsesSpec(model=ROBUST, layer="layer2"))
    best = answers.arrays["maxima"][ranked(answers, 5)[0], 5]
    assert f"<b>{best:.2g}</b>" in page
    assert "class weights" not in page
    (number,) = [n for n in at.number_input if "Robust" in n.label]
    number.set_value(11).run()
    assert "unit 11 of layer2" in shown(at)
    at.selectbox(key="av.atlas.layer").set_value("layer3").run()
    assert "unit 0 of layer3" in shown(at)
    assert engine.asked[-1].layer == "layer3"
    assert told[-1]["sheets"][0]["links"][0].count("layer3") == 1


def test_a_link_to_responses_opens_the_layer_and_a_path_is_refused(engine):
    at = opened(**links.to_query(ResponsesSpec(model=STANDARD, layer="layer1")))
    assert AtlasSpec(model=ROBUST, layer="layer1") in engine.asked
    assert not at.warning
    refused = opened(**links.to_query(ResponsesSpec(model=STANDARD, images="/etc")))
    assert "pictures must be one of gallery, folder" in refused.warning[0].value


def test_the_sheet_that_is_sent_is_the_atlas_in_few_levels():
    setup = setups.default()
    spec = setup.atlas(ROBUST)
    result = made_up(spec)
    sent = atlas.told(setup, spec, result, None)
    sheet = from_webp(base64.b64decode(sent["sheet"].partition(",")[2]))
    first = sheet[:64, :64].astype(int)
    exact = pictures_of(result)[0].transpose(1, 2, 0)
    assert np.abs(first - exact).max() <= 9
    assert sent["units"][2] == {"unit": 2, "silent": False, "name": "unit 2"}


# --- in a browser -------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.slow
def test_a_sheet_is_walked_zoomed_and_chosen_from_by_keyboard(browser, app_url):
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(120_000)
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{app_url}/atlas")
    views = page.locator(".av-at-view")
    views.first.wait_for()
    page.wait_for_selector(READY)
    assert views.count() == 2
    robust = page.get_by_role("group", name=re.compile("Atlas of flatten.*robust"))
    tiles = robust.get_by_role("link")
    assert tiles.count() == 256
    assert "channel%3Aflatten%3A9" in tiles.nth(9).get_attribute("href")
    width = tiles.first.bounding_box()["width"]
    tiles.first.focus()
    for key in ("ArrowDown", "ArrowRight", "+", "+"):
        page.keyboard.press(key)
    focused = page.evaluate("document.activeElement.dataset.unit")
    assert focused == "17"
    assert tiles.first.bounding_box()["width"] > 1.5 * width
    page.keyboard.press("Enter")
    page.get_by_text("unit 17 of flatten").wait_for()
    page.wait_for_selector(READY)
    assert "show.unit_robust=17" in page.url
    marked = tiles.nth(17).evaluate("tile => getComputedStyle(tile).outlineStyle")
    assert marked == "solid"
    assert page.evaluate("document.activeElement.dataset.unit") == "17"
    page.close()
    assert not faults
