"""The drawer of the one-page report: on every page with an experiment, and with a tick."""

import pytest
from streamlit.testing.v1 import AppTest

from advviz import pictures, resources
from advviz.data import images, uploads
from advviz.evaluation.one_page_evidence import needed
from advviz.experiments.features import FeaturesSpec
from advviz.experiments.links import to_query
from advviz.ui import one_page, permalinks
from advviz.ui import setup as setups

PAGES = {
    "home.py": "board",
    "story.py": "board",
    "compare.py": "board",
    "attack.py": "attack",
    "saliency.py": "explain",
    "feature_visualization.py": "visualize",
    "ladder.py": "ladder",
    "features.py": "features",
    "training.py": "lab-training",
}
TICK = "av.report.picture"


def opened(page, **query):
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=60)
    at.switch_page(str(resources.pages() / page))
    at.session_state["av.report"] = True
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception, at.exception
    return at


def buttons(at):
    return [button.proto.label for button in at.get("download_button")]


@pytest.mark.parametrize(("page", "kind"), PAGES.items())
def test_every_page_with_an_experiment_offers_its_report(engine, page, kind):
    """What the report needs was asked for, and is of the experiment in the page's link."""
    at = opened(page)
    assert "Save the report" in buttons(at)
    spec = permalinks.spec_of(setups.default(), kind)
    assert set(needed(spec)) <= set(engine.asked)
    assert not [box for box in at.checkbox if box.key == TICK]


@pytest.mark.usefixtures("engine")
def test_a_picture_of_ones_own_has_a_tick_that_is_not_set():
    pixels = images.load("sample:goose", 64).pixels
    own = setups.default().with_image(uploads.store(pictures.png(pictures.photo(pixels))))
    at = opened("compare.py", **permalinks.to_query(own, "board", ()))
    (tick,) = [box for box in at.checkbox if box.key == TICK]
    assert tick.value is False
    assert "Save the report" in buttons(at)


@pytest.mark.usefixtures("engine")
def test_the_pictures_of_a_folder_have_a_tick_that_is_not_set(tmp_path, monkeypatch):
    for name in ("cup", "pen"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(b"not looked at here")
    monkeypatch.setenv("ADVVIZ_IMAGES", str(tmp_path))
    at = opened("features.py", **to_query(FeaturesSpec(data="folder", classes="cup,pen")))
    (tick,) = [box for box in at.checkbox if box.key == TICK]
    assert (tick.label, tick.value) == ("Put the folder's pictures into the report", False)
    assert "Save the report" in buttons(at)


def test_how_a_page_is_shown_is_no_part_of_the_experiment():
    words = permalinks.to_query(setups.default(), "board", ("gain", "rows"))
    assert one_page.spec_of(words | {"lang": "zh-CN"}) == setups.default().board
