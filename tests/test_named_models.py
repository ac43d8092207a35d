"""Asking, on the page of the models, for one by its library's own name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from fake_engine import FakeEngine
from streamlit.testing.v1 import AppTest

from advviz import resources
from advviz.compute import fetching
from advviz.compute.fetching import Fetcher
from advviz.models import shelf
from advviz.models.records import record
from advviz.ui import model_choice, state

NAME = "torchvision:resnet34:IMAGENET1K_V1"
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder, an engine that computes nothing, fetchers of this test's own."""
    monkeypatch.setenv("ADVVIZ_MODELS", str(tmp_path))
    engine = FakeEngine()
    monkeypatch.setattr(state, "engine", lambda: engine)
    made, checks = Fetcher(), Fetcher()
    monkeypatch.setattr(fetching, "_fetcher", made)
    monkeypatch.setattr(fetching, "_checker", checks)
    yield
    made.close()
    checks.close()


def opened() -> AppTest:
    at = AppTest.from_file(str(resources.entry_script()), default_timeout=120)
    at.switch_page(str(resources.pages() / "models.py"))
    return at.run()


def settled(at: AppTest) -> AppTest:
    """Run the page again once what it waits for has ended."""
    for fetch in fetching.checker().all():
        fetching.checker().wait(fetch, PATIENCE)
    return at.run()


def asked(name: str) -> AppTest:
    at = opened()
    at.session_state["av.models.by-name"] = True
    at.run()
    at.text_input(key="av.models.name").set_value(name).run()
    return at if at.warning else settled(at)


def told(at: AppTest) -> str:
    assert not at.exception, at.exception
    return " ".join(element.proto.body for element in at.get("html"))


def test_a_model_asked_for_by_name_has_a_card_and_can_be_downloaded():
    at = asked(f"  {NAME} ").run()
    assert at.session_state[model_choice._MODEL] == NAME
    assert "resnet34 IMAGENET1K_V1, standard" in told(at)
    assert "73.31%" in told(at)
    assert "download.pytorch.org" in " ".join(caption.value for caption in at.caption)
    assert at.button(key="av.shelf.fetch").label.startswith("Download")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("torchvision:resnet35", "no classifier called 'resnet35'"),
        ("torchvision:resnet34:V9", "resnet34 has weights"),
        ("resnet34", "a model by name is torchvision"),
    ],
)
def test_a_name_that_is_none_is_one_sentence(name: str, words: str):
    at = asked(name)
    assert len(at.warning) == 1
    assert words in at.warning[0].value
    assert at.session_state[model_choice._MODEL] != name


def test_a_model_that_was_fetched_by_name_is_listed_to_everybody():
    """Its record is made in the background, so that a page does not load torchvision."""
    shelf.keep(record(NAME), {"weight": torch.zeros(4)}, "0" * 64)
    assert shelf.named_here() == (NAME,)
    at = opened()
    at.button_group(key="av.models.family").set_value("imagenet-standard").run()
    at = settled(at)
    options = at.radio(key=model_choice._MODEL).options
    assert any("resnet34" in option for option in options), options
    assert shelf.remove(record(NAME))
    assert shelf.named_here() == ()
